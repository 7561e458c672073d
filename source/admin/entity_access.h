#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/admin/context.h"
#include "source/admin/paths.h"
#include "source/admin/reply.h"

namespace tollgate::admin {

using schema::EntitySchema;

/// What a path calls an entity by: its id, its endpoint key, or its owner and owned key.
struct EntityKey {
  EntityKey() = default;
  EntityKey(std::string name, std::string text)
      : field(std::move(name)), value(std::move(text)), fields({{field, value}}) {}

  std::string field;  ///< "id", or the name of a unique key of the store.
  std::string value;
  Json fields;  ///< What it says of the entity: {"name":"x"}.
  bool byId() const { return field == "id"; }
};

class CertificateSnis;

/// A reference that a nested path dictates.
struct Owner {
  std::string field;
  std::string id;
};

/// Finding, checking and writing entities of any kind. Control thread only.
class EntityAccess {
 public:
  explicit EntityAccess(ApiContext& context) : context_(context) {}

  Stop readKey(const EntitySchema& schema, const std::string& text, EntityKey& key);
  /// The same for a path below an owner.
  Stop readKey(const EntitySchema& schema, const Owner& owner, const std::string& text,
               EntityKey& key);
  /// `doc` stays null where there is none; expired entities count as absent. 500 with the remedy
  /// where this version cannot read it.
  Stop find(const EntitySchema& schema, const EntityKey& key, double now, Json& doc);
  /// The same for what is to be replaced or deleted: one that cannot be read, asked for by its id,
  /// comes as its id alone.
  Stop findToReplace(const EntitySchema& schema, const EntityKey& key, double now, Json& doc);
  /// readKey and find in one; plain 404 where there is none.
  Stop require(const EntitySchema& schema, const std::string& text, double now, Json& doc);
  Stop require(const EntitySchema& schema, const EntityKey& key, double now, Json& doc);

  /// Everything a body goes through before its schema: coercion, options, references, protocols.
  Stop prepare(const EntitySchema& schema, Call& call, const Json& stored);
  /// The document as the API prints it, with what other entities add to it.
  Stop print(const EntitySchema& schema, const Json& doc, double now, Json& out);
  /// 200, or 201 where the entity is new, with the whole document.
  Reply answer(const EntitySchema& schema, int status, const Json& doc, double now);
  Reply list(const EntitySchema& schema, Call& call, const store::ListQuery& query,
             const std::string& path, bool topLevel);
  Reply insert(const EntitySchema& schema, Call& call, const std::optional<Owner>& owner);
  Reply upsert(const EntitySchema& schema, Call& call, const EntityKey& key,
               const std::optional<Owner>& owner);
  /// `key` is what the path calls the entity by.
  Reply patch(const EntitySchema& schema, Call& call, const Json& stored, const EntityKey& key);
  Reply remove(const EntitySchema& schema, Call& call, const std::string& id, const EntityKey& key);
  /// Creates an entity and lets `holder` refer to it, in one revision.
  Reply insertLinked(const EntitySchema& schema, Call& call, const EntitySchema& holderSchema,
                     Json holder, const std::string& field);

 private:
  /// Writing is not possible at all: the answer of a node without a database. `field` is what the
  /// path calls the entity by.
  Stop readOnly(const EntitySchema& schema, const char* verb, const std::string& field = "id");
  Stop checkTtl(const EntitySchema& schema, const Json& body);
  Stop resolveReferences(const EntitySchema& schema, Json& body);
  Stop checkPluginProtocols(const Json& body, const Json& stored);
  /// Deletions of entities that have expired but still hold the id or a unique key of `doc`.
  Stop expiredRivals(const EntitySchema& schema, const Json& doc, double now,
                     std::vector<store::Change>& changes);
  /// Of `doc`, which is among the changes, passwords become what is kept of them. `duplicate`, if
  /// given, is set where a unique or primary key is taken.
  Stop commit(const EntitySchema& schema, Call& call, std::vector<store::Change> changes, Json& doc,
              bool* duplicate = nullptr);
  Stop upsertOnce(const EntitySchema& schema, Call& call, const EntityKey& key,
                  CertificateSnis& snis, const Json& stored, Json& doc, bool& duplicate);
  Reply failed(const Error& error);

  ApiContext& context_;
};

}  // namespace tollgate::admin
