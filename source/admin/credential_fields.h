#pragma once

#include "source/admin/reply.h"
#include "source/store/store.h"

/// What the API does with fields that a store keeps in another form (schema::AtRestField).
namespace tollgate::admin {

/// `doc` is about to be written. A client must not give what only a store may write; what it read
/// of this entity (`stored`, or null) it may send back.
Stop refuseStoredForms(const schema::EntitySchema& schema, const Json& doc, const Json& stored);

/// Passwords that stand as Kong keeps them are told from new ones, which would look the same.
Json withPasswordsMarked(const schema::EntitySchema& schema, Json stored);

/// Of a document that was written, passwords become what is kept of them: they are never answered.
void showKeptPasswords(const schema::EntitySchema& schema, const store::Commit& commit, Json& doc);

}  // namespace tollgate::admin
