#include "source/admin/credential_fields.h"

#include "source/admin/errors.h"
#include "source/store/sealed/stored_form.h"

namespace tollgate::admin {
namespace {

/// Where the error of a field stands: {"pem":{"private_key":…}}.
void report(Json& errors, std::string_view field, std::string text) {
  Json* at = &errors;
  for (size_t dot = field.find('.'); dot != field.npos; dot = field.find('.')) {
    at = &(*at)[field.substr(0, dot)];
    field.remove_prefix(dot + 1);
  }
  (*at)[field] = std::move(text);
}

}  // namespace

Stop refuseStoredForms(const schema::EntitySchema& schema, const Json& doc, const Json& stored) {
  schema::Violations violations;
  for (const auto& field : schema.atRestFields()) {
    const std::string* value = field.in(doc);
    if (value == nullptr || !store::hasStoredFormMark(*value)) continue;
    const std::string* before = field.in(stored);
    if (before != nullptr && *before == *value) continue;
    report(violations.fields, field.field,
           "must not begin with " + std::string(store::kStoredFormMark) +
               ": so begins what is kept of a credential, not the credential");
  }
  if (violations.empty()) return {};
  return violation(violations);
}

Json withPasswordsMarked(const schema::EntitySchema& schema, Json stored) {
  for (const auto& field : schema.atRestFields()) {
    const std::string* value = field.in(stored);
    if (field.how != schema::AtRest::kPassword || value == nullptr) continue;
    std::string marked = store::sha1Form(*value);
    if (store::StoredForm::parse(marked)) field.set(stored, std::move(marked));
  }
  return stored;
}

void showKeptPasswords(const schema::EntitySchema& schema, const store::Commit& commit, Json& doc) {
  for (const auto& field : schema.atRestFields()) {
    if (field.how != schema::AtRest::kPassword) continue;
    for (const auto& change : commit.changes) {
      if (change.kind != schema.kind() || change.id != doc["id"]) continue;
      if (const std::string* kept = field.in(change.doc)) field.set(doc, *kept);
    }
  }
}

}  // namespace tollgate::admin
