#include "source/admin/entity_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "source/admin/ca_references.h"
#include "source/admin/certificate_snis.h"
#include "source/admin/credential_fields.h"
#include "source/admin/errors.h"
#include "source/admin/paging.h"
#include "source/base/uuid.h"

namespace tollgate::admin {
namespace {

/// Of a PUT by a key that others write and delete at the same time.
constexpr int kUpsertTries = 4;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Ids are compared as text everywhere below, so they are kept in lower case.
void normalizeId(Json& body) {
  auto id = body.find("id");
  if (id != body.end() && id->is_string() && isUuid(id->get_ref<const std::string&>())) {
    *id = lower(id->get<std::string>());
  }
}

bool share(const Json& a, const Json& b) {
  if (!a.is_array() || !b.is_array()) return true;
  return std::any_of(a.begin(), a.end(), [&](const Json& item) {
    return std::find(b.begin(), b.end(), item) != b.end();
  });
}

std::string referencedId(const Json& doc, const std::string& field) {
  auto at = doc.find(field);
  if (at == doc.end() || !at->is_object()) return "";
  auto id = at->find("id");
  return id != at->end() && id->is_string() ? id->get<std::string>() : "";
}

}  // namespace

Reply EntityAccess::failed(const Error& error) {
  context_.logError("admin: store: " + error.text());
  return storeFailed(error);
}

Stop EntityAccess::readKey(const EntitySchema& schema, const std::string& text, EntityKey& key) {
  if (isUuid(text)) {
    key = {"id", lower(text)};
    return {};
  }
  if (schema.kind() == "certificates") return readCertificateKey(context_, text, key);
  if (schema.endpointKey().empty()) {
    return failure(400, 1, "invalid primary key",
                   "invalid primary key: '{id=\"expected a valid UUID\"}'",
                   {{"id", "expected a valid UUID"}});
  }
  const std::string problem = schema.checkField(schema.endpointKey(), text);
  if (!problem.empty()) {
    return failure(400, 10, "invalid unique " + schema.endpointKey(), problem, nullptr);
  }
  key = {schema.endpointKey(), text};
  return {};
}

Stop EntityAccess::readKey(const EntitySchema& schema, const Owner& owner, const std::string& text,
                           EntityKey& key) {
  if (schema.ownedKey().empty() || isUuid(text)) return readKey(schema, text, key);
  const Json known = {{owner.field, {{"id", owner.id}}}, {schema.ownedKey(), text}};
  for (const auto& unique : schema.uniqueKeys(known)) {
    if (!unique.fields.contains(owner.field)) continue;
    key = {unique.field, unique.value};
    key.fields = {{schema.ownedKey(), text}};
    return {};
  }
  return notFound();
}

Stop EntityAccess::find(const EntitySchema& schema, const EntityKey& key, double now, Json& doc) {
  auto& store = context_.store();
  auto found = key.byId() ? store.get(schema.kind(), key.value)
                          : store.getByUnique(schema.kind(), key.field, key.value);
  if (!found.ok()) return failed(found.error());
  if (!found->has_value()) return {};
  if (std::string problem = schema.misfit(**found); !problem.empty()) {
    return failed(Error::internal(
        fmt::format("the stored entity {}/{} cannot be read by this version ({}): DELETE it or PUT "
                    "it anew by its id, or repair its row",
                    schema.kind(), (**found).value("id", key.value), problem)));
  }
  if (!schema.expired(**found, now)) doc = std::move(**found);
  return {};
}

Stop EntityAccess::findToReplace(const EntitySchema& schema, const EntityKey& key, double now,
                                 Json& doc) {
  Stop stop = find(schema, key, now, doc);
  if (!stop || stop->status != 500 || !key.byId()) return stop;
  doc = {{"id", key.value}};
  return {};
}

Stop EntityAccess::require(const EntitySchema& schema, const std::string& text, double now,
                           Json& doc) {
  EntityKey key;
  if (Stop stop = readKey(schema, text, key)) return stop;
  return require(schema, key, now, doc);
}

Stop EntityAccess::require(const EntitySchema& schema, const EntityKey& key, double now,
                           Json& doc) {
  if (Stop stop = find(schema, key, now, doc)) return stop;
  if (doc.is_null()) return notFound();
  return {};
}

Stop EntityAccess::checkTtl(const EntitySchema& schema, const Json& body) {
  auto ttl = body.find("ttl");
  if (!schema.supportsTtl() || ttl == body.end() || ttl->is_null()) return {};
  const double value = ttl->is_number() ? ttl->get<double>() : -1;
  if (value >= 0 && value <= 100000000 && value == std::floor(value)) return {};
  const char* why = "must be an integer between 0 and 100000000";
  return failure(400, 11, "invalid options", fmt::format("invalid option (ttl: {})", why),
                 {{"ttl", why}});
}

Stop EntityAccess::resolveReferences(const EntitySchema& schema, Json& body) {
  for (const auto& foreign : schema.foreignFields()) {
    auto value = body.find(foreign.field);
    if (value == body.end() || !value->is_object()) continue;
    if (value->contains("id")) {
      Json reference = {{"id", (*value)["id"]}};
      normalizeId(reference);
      *value = std::move(reference);
      continue;
    }
    const EntitySchema* target = EntitySchema::find(foreign.targetKind);
    if (!target) continue;
    for (const auto& unique : target->uniqueKeys(*value)) {
      if (unique.field.find('+') != std::string::npos) continue;
      auto found = context_.store().getByUnique(target->kind(), unique.field, unique.value);
      if (!found.ok()) return failed(found.error());
      if (found->has_value()) {
        *value = {{"id", (**found)["id"]}};
        break;
      }
      const std::string text =
          fmt::format("the foreign key cannot be resolved with '{}' for an existing '{}' entity",
                      keyText(unique.fields), target->kind());
      return failure(
          400, 13, "foreign keys unresolved",
          fmt::format("foreign key unresolved ({}.{}: {})", foreign.field, unique.field, text),
          {{foreign.field, {{unique.field, text}}}});
    }
  }
  return {};
}

Stop EntityAccess::checkPluginProtocols(const Json& body, const Json& stored) {
  auto protocols = body.find("protocols");
  if (protocols == body.end() || !protocols->is_array()) return {};
  auto bound = [&](const char* field) {
    return body.contains(field) || stored.is_null() ? referencedId(body, field)
                                                    : referencedId(stored, field);
  };
  schema::Violations violations;
  if (const std::string route = bound("route"); isUuid(route)) {
    auto found = context_.store().get("routes", route);
    if (!found.ok()) return failed(found.error());
    if (!found->has_value() || share((**found)["protocols"], *protocols)) return {};
    violations.fields["protocols"] = "must match the associated route's protocols";
    return violation(violations);
  }
  const std::string service = bound("service");
  if (!isUuid(service)) return {};
  store::ListQuery query;
  query.limit = 1000;
  query.foreignField = "service";
  query.foreignId = service;
  bool any = false;
  while (true) {
    auto routes = context_.store().list("routes", query);
    if (!routes.ok()) return failed(routes.error());
    for (const auto& route : *routes) {
      if (share(route.value("protocols", Json()), *protocols)) return {};
      any = true;
    }
    if (routes->size() < query.limit) break;
    query.afterId = routes->back()["id"].get<std::string>();
  }
  if (!any) return {};
  violations.fields["protocols"] =
      "must match the protocols of at least one route pointing to this Plugin's service";
  return violation(violations);
}

Stop EntityAccess::prepare(const EntitySchema& schema, Call& call, const Json& stored) {
  if (call.isForm) call.body = schema.coerce(std::move(call.body), stored);
  normalizeId(call.body);
  if (Stop stop = checkTtl(schema, call.body)) return stop;
  if (Stop stop = resolveReferences(schema, call.body)) return stop;
  if (schema.kind() == "plugins") return checkPluginProtocols(call.body, stored);
  return {};
}

Stop EntityAccess::print(const EntitySchema& schema, const Json& doc, double now, Json& out) {
  out = schema.print(doc, now);
  if (schema.kind() == "certificates") return CertificateSnis(context_).print(out);
  return {};
}

Reply EntityAccess::answer(const EntitySchema& schema, int status, const Json& doc, double now) {
  Json out;
  if (Stop stop = print(schema, doc, now, out)) return std::move(*stop);
  return Reply::of(status, std::move(out));
}

Stop EntityAccess::expiredRivals(const EntitySchema& schema, const Json& doc, double now,
                                 std::vector<store::Change>& changes) {
  if (!schema.supportsTtl()) return {};
  std::set<std::string> ids;
  auto consider = [&](const Result<std::optional<Json>>& found) {
    if (found.ok() && found->has_value() && schema.expired(**found, now)) {
      ids.insert((**found)["id"].get<std::string>());
    }
    // One that cannot be read has not expired; the store knows whether it is in the way.
    return found.ok() || found.error().kind == Error::Kind::kInternal;
  };
  auto byId = context_.store().get(schema.kind(), doc["id"].get<std::string>());
  if (!consider(byId)) return failed(byId.error());
  for (const auto& key : schema.uniqueKeys(doc)) {
    auto byKey = context_.store().getByUnique(schema.kind(), key.field, key.value);
    if (!consider(byKey)) return failed(byKey.error());
  }
  for (const auto& id : ids) {
    changes.push_back({store::Change::Op::kDelete, schema.kind(), id, nullptr});
  }
  return {};
}

/// What the node found wrong, at the field that it names, if that is one of the entity itself.
static Reply notRunnable(const Error& error) {
  schema::Violations violations;
  bool field = !error.place.empty() && error.place.find_first_of(".[") == std::string::npos;
  if (field) {
    violations.fields[error.place] = error.message;
  } else {
    violations.fields["@entity"] = {error.text()};
  }
  return violation(violations);
}

Stop EntityAccess::commit(const EntitySchema& schema, Call& call,
                          std::vector<store::Change> changes, Json& doc, bool* duplicate) {
  for (const store::Change& change : changes) {
    if (change.op == store::Change::Op::kDelete) continue;
    Status fit = context_.checkEntity(change.kind, change.id, change.doc);
    if (!fit) return notRunnable(fit.error());
  }
  std::vector<std::string> warnings;
  for (const store::Change& change : changes) {
    if (change.op == store::Change::Op::kDelete) continue;
    for (std::string& text : context_.warnings(change.kind, change.doc)) {
      warnings.push_back(std::move(text));
    }
  }
  auto done = context_.commit(std::move(changes), call.reason);
  auto* refusal = std::get_if<store::Refusal>(&done);
  if (!refusal) {
    call.warnings = std::move(warnings);
    showKeptPasswords(schema, std::get<store::Commit>(done), doc);
    return {};
  }
  if (refusal->kind == store::Refusal::Kind::kUnavailable) {
    context_.logError("admin: write refused: " + refusal->message);
  }
  if (duplicate != nullptr) {
    *duplicate = refusal->kind == store::Refusal::Kind::kUnique ||
                 refusal->kind == store::Refusal::Kind::kPrimaryKey;
  }
  const bool onKey = schema.pathNames().duplicateIdIsOnKey;
  return refused(*refusal, doc, onKey ? schema.endpointKey() : std::string());
}

Stop EntityAccess::readOnly(const EntitySchema& schema, const char* verb,
                            const std::string& field) {
  if (context_.store().name() != "off") return {};
  const std::string how = field == "id" ? std::string() : fmt::format(" by '{}'", field);
  return failure(
      405, 12, "operation unsupported",
      fmt::format("cannot {} '{}' entities{} when not using a database", verb, schema.kind(), how),
      nullptr);
}

Reply EntityAccess::list(const EntitySchema& schema, Call& call, const store::ListQuery& base,
                         const std::string& path, bool topLevel) {
  Page page;
  store::ListQuery query = base;
  if (Stop stop = readPage(call.query, page)) return std::move(*stop);
  if (topLevel) {
    if (Stop stop = readTags(call.query, page, query)) return std::move(*stop);
  }
  if (page.after.is_array()) query.afterId = page.after[0].get<std::string>();
  query.limit = page.size + 1;
  auto rows = context_.store().list(schema.kind(), query);
  if (!rows.ok()) return failed(rows.error());
  const bool more = rows->size() > page.size;
  if (more) rows->resize(page.size);
  Json data = Json::array();
  for (const auto& row : *rows) {
    // What cannot be read is named in /status; scripts get rows of the shape that they know.
    if (store::isUnreadable(row) || !schema.misfit(row).empty()) continue;
    if (schema.expired(row, call.now)) continue;
    if (Stop stop = print(schema, row, call.now, data.emplace_back())) return std::move(*stop);
  }
  std::string rest;
  if (topLevel && !page.tagsText.empty()) rest += "&tags=" + encodeQuery(page.tagsText);
  if (topLevel && !page.sizeText.empty()) rest += "&size=" + encodeQuery(page.sizeText);
  Json last = more ? Json::array({rows->back()["id"]}) : Json(nullptr);
  return Reply::of(200, pageBody(std::move(data), last, path, rest));
}

Reply EntityAccess::insert(const EntitySchema& schema, Call& call,
                           const std::optional<Owner>& owner) {
  if (owner) call.body[owner->field] = {{"id", owner->id}};
  CertificateSnis snis(context_);
  if (Stop stop = snis.take(schema, call, "")) return std::move(*stop);
  if (Stop stop = prepare(schema, call, nullptr)) return std::move(*stop);
  const bool nullId = call.body.contains("id") && call.body["id"].is_null();
  schema::Violations violations;
  Json doc = schema.write(schema::WriteMode::kInsert, call.body, nullptr, call.now, violations);
  if (!violations.empty()) return violation(violations);
  if (Stop stop = refuseStoredForms(schema, doc, nullptr)) return std::move(*stop);
  if (nullId) return nullPrimaryKey();
  if (Stop stop = readOnly(schema, "create")) return std::move(*stop);
  const std::string id = doc["id"].get<std::string>();
  std::vector<store::Change> changes;
  if (Stop stop = expiredRivals(schema, doc, call.now, changes)) return std::move(*stop);
  changes.push_back({store::Change::Op::kInsert, schema.kind(), id, doc});
  if (Stop stop = snis.plan(id, false, call.now, changes)) return std::move(*stop);
  if (Stop stop = commit(schema, call, std::move(changes), doc)) return std::move(*stop);
  return answer(schema, 201, doc, context_.now());
}

Reply EntityAccess::upsert(const EntitySchema& schema, Call& call, const EntityKey& key,
                           const std::optional<Owner>& owner) {
  Json stored;
  if (Stop stop = findToReplace(schema, key, call.now, stored)) return std::move(*stop);
  if (owner) call.body[owner->field] = {{"id", owner->id}};
  CertificateSnis snis(context_);
  if (Stop stop = snis.take(schema, call, key.value)) return std::move(*stop);
  if (Stop stop = prepare(schema, call, nullptr)) return std::move(*stop);
  call.body.update(key.fields);
  for (int tries = 1;; ++tries) {
    Json doc, now;
    bool duplicate = false;
    Stop refused = upsertOnce(schema, call, key, snis, stored, doc, duplicate);
    if (!refused) return answer(schema, 200, doc, context_.now());
    if (!duplicate || key.byId() || tries == kUpsertTries) return std::move(*refused);
    // Another node may have written the same key since; then this is a replacement after all.
    if (Stop stop = find(schema, key, call.now, now)) return std::move(*stop);
    if (now.is_null() || (!stored.is_null() && now["id"] == stored["id"])) {
      return std::move(*refused);
    }
    stored = std::move(now);
  }
}

/// Writes the body over `stored`, or as a new entity where that is null.
Stop EntityAccess::upsertOnce(const EntitySchema& schema, Call& call, const EntityKey& key,
                              CertificateSnis& snis, const Json& stored, Json& doc,
                              bool& duplicate) {
  Json body = call.body;
  if (!stored.is_null()) body["id"] = stored["id"];
  schema::Violations violations;
  doc = schema.write(schema::WriteMode::kInsert, std::move(body), nullptr, call.now, violations);
  if (!violations.empty()) return violation(violations);
  if (Stop stop = refuseStoredForms(schema, doc, stored)) return stop;
  if (Stop stop = readOnly(schema, "create or update", key.field)) return stop;
  const std::string id = doc["id"].get<std::string>();
  // By a new key with an id that is taken by another entity: a conflict, not a replacement.
  const auto op =
      stored.is_null() && !key.byId() ? store::Change::Op::kInsert : store::Change::Op::kReplace;
  std::vector<store::Change> changes;
  if (Stop stop = expiredRivals(schema, doc, call.now, changes)) return stop;
  changes.push_back({op, schema.kind(), id, doc});
  if (Stop stop = snis.plan(id, true, call.now, changes)) return stop;
  return commit(schema, call, std::move(changes), doc, &duplicate);
}

Reply EntityAccess::patch(const EntitySchema& schema, Call& call, const Json& stored,
                          const EntityKey& key) {
  CertificateSnis snis(context_);
  if (Stop stop = snis.take(schema, call, stored["id"].get<std::string>())) {
    return std::move(*stop);
  }
  if (Stop stop = prepare(schema, call, stored)) return std::move(*stop);
  auto id = call.body.find("id");
  if (id != call.body.end() && schema.checkField("id", *id).empty()) call.body.erase(id);
  schema::Violations violations;
  const Json marked = withPasswordsMarked(schema, stored);
  Json doc = schema.write(schema::WriteMode::kUpdate, call.body, marked, call.now, violations);
  if (!violations.empty()) return violation(violations);
  if (Stop stop = refuseStoredForms(schema, doc, marked)) return std::move(*stop);
  if (Stop stop = readOnly(schema, "update", key.field)) return std::move(*stop);
  doc["id"] = stored["id"];
  const std::string docId = doc["id"].get<std::string>();
  std::vector<store::Change> changes = {{store::Change::Op::kReplace, schema.kind(), docId, doc}};
  if (Stop stop = snis.plan(docId, false, call.now, changes)) return std::move(*stop);
  if (Stop stop = commit(schema, call, std::move(changes), doc)) return std::move(*stop);
  return answer(schema, 200, doc, context_.now());
}

Reply EntityAccess::remove(const EntitySchema& schema, Call& call, const std::string& id,
                           const EntityKey& key) {
  if (Stop stop = readOnly(schema, "remove", key.field)) return std::move(*stop);
  if (schema.kind() == "ca_certificates") {
    if (Stop stop = stillReferenced(context_, id)) return std::move(*stop);
  }
  auto done =
      context_.commit({{store::Change::Op::kDelete, schema.kind(), id, nullptr}}, call.reason);
  auto* refusal = std::get_if<store::Refusal>(&done);
  if (refusal && refusal->kind != store::Refusal::Kind::kNotFound)
    return refused(*refusal, nullptr, "");
  return Reply::empty(204);
}

Reply EntityAccess::insertLinked(const EntitySchema& schema, Call& call,
                                 const EntitySchema& holderSchema, Json holder,
                                 const std::string& field) {
  CertificateSnis snis(context_);
  if (Stop stop = snis.take(schema, call, "")) return std::move(*stop);
  if (Stop stop = prepare(schema, call, nullptr)) return std::move(*stop);
  call.body.erase("id");
  schema::Violations violations;
  Json doc = schema.write(schema::WriteMode::kInsert, call.body, nullptr, call.now, violations);
  if (!violations.empty()) return violation(violations);
  if (Stop stop = refuseStoredForms(schema, doc, nullptr)) return std::move(*stop);
  if (Stop stop = readOnly(schema, "create or update")) return std::move(*stop);
  schema::Violations holderViolations;
  const std::string id = doc["id"].get<std::string>();
  Json linked = holderSchema.write(schema::WriteMode::kUpdate, {{field, {{"id", id}}}}, holder,
                                   call.now, holderViolations);
  if (!holderViolations.empty()) return violation(holderViolations);
  const std::string holderId = holder["id"].get<std::string>();
  std::vector<store::Change> changes = {
      {store::Change::Op::kInsert, schema.kind(), id, doc},
      {store::Change::Op::kReplace, holderSchema.kind(), holderId, linked}};
  if (Stop stop = snis.plan(id, false, call.now, changes)) return std::move(*stop);
  if (Stop stop = commit(schema, call, std::move(changes), doc)) return std::move(*stop);
  return answer(schema, 200, doc, call.now);
}

}  // namespace tollgate::admin
