#include "source/admin/certificate_snis.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "source/admin/errors.h"

namespace tollgate::admin {
namespace {

using schema::EntitySchema;

const EntitySchema& sniSchema() { return *EntitySchema::find("snis"); }

Reply refuse(Json problem) {
  schema::Violations violations;
  violations.fields["snis"] = std::move(problem);
  return violation(violations);
}

std::string certificateOf(const Json& sni) { return sni["certificate"]["id"].get<std::string>(); }

}  // namespace

Json serverNamesOf(std::string_view text) {
  Json names = Json::array();
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    names.push_back(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

Stop CertificateSnis::take(const EntitySchema& schema, Call& call,
                           const std::string& certificateId) {
  concerned_ = schema.kind() == "certificates";
  auto at = concerned_ ? call.body.find("snis") : call.body.end();
  if (at == call.body.end()) return {};
  Json names = std::move(*at);
  call.body.erase(at);
  if (Stop stop = readNames(std::move(names))) return stop;
  if (!names_) return {};
  std::unordered_set<std::string_view> seen;
  for (const auto& name : *names_) {
    if (!seen.insert(name).second) return refuse(name + " is duplicated");
  }
  for (const auto& name : *names_) {
    auto known = context_.store().getByUnique("snis", "name", name);
    if (!known) return storeFailed(known.error());
    if (known->has_value() && certificateOf(**known) != certificateId) {
      return refuse(fmt::format("{} already associated with existing certificate '{}'", name,
                                certificateOf(**known)));
    }
  }
  return {};
}

Stop CertificateSnis::readNames(Json names) {
  if (names.is_null()) return {};
  if (names.is_string()) names = serverNamesOf(names.get_ref<const std::string&>());
  if (names.is_object() && names.empty()) names = Json::array();
  if (!names.is_array()) return refuse("expected a set");
  Json problems = Json::array();
  names_.emplace();
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string problem = sniSchema().checkField("name", names[i]);
    if (names[i].is_string() && problem.empty()) {
      names_->push_back(names[i].get<std::string>());
      continue;
    }
    // A text that is no name is asked for like one in a path.
    if (names[i].is_string()) return failure(400, 10, "invalid unique name", problem, nullptr);
    while (problems.size() < i) problems.push_back(nullptr);
    problems.push_back(problem.empty() ? "expected a string" : problem);
  }
  if (!problems.empty()) return refuse(std::move(problems));
  return {};
}

Stop CertificateSnis::owned(const std::string& certificateId, std::vector<Json>& snis) {
  store::ListQuery query;
  query.limit = 1000;
  query.foreignField = "certificate";
  query.foreignId = certificateId;
  while (true) {
    auto rows = context_.store().list("snis", query);
    if (!rows) return storeFailed(rows.error());
    const bool last = rows->size() < query.limit;
    if (!last) query.afterId = rows->back()["id"].get<std::string>();
    std::move(rows->begin(), rows->end(), std::back_inserter(snis));
    if (last) return {};
  }
}

Stop CertificateSnis::plan(const std::string& certificateId, bool replace, double now,
                           std::vector<store::Change>& changes) {
  if (!concerned_) return {};
  if (!names_ && replace) names_.emplace();
  if (!names_) return {};
  std::vector<Json> present;
  if (Stop stop = owned(certificateId, present)) return stop;
  std::set<std::string> missing(names_->begin(), names_->end());
  for (const Json& sni : present) {
    if (missing.erase(sni["name"].get<std::string>()) > 0) continue;
    changes.push_back({store::Change::Op::kDelete, "snis", sni["id"].get<std::string>(), nullptr});
  }
  for (const auto& name : missing) {
    schema::Violations violations;
    Json doc = sniSchema().write(schema::WriteMode::kInsert,
                                 {{"name", name}, {"certificate", {{"id", certificateId}}}},
                                 nullptr, now, violations);
    if (!violations.empty()) return violation(violations);
    const std::string id = doc["id"].get<std::string>();
    changes.push_back({store::Change::Op::kInsert, "snis", id, std::move(doc)});
  }
  return {};
}

Stop CertificateSnis::print(Json& certificate) {
  std::vector<Json> present;
  if (Stop stop = owned(certificate["id"].get<std::string>(), present)) return stop;
  std::vector<std::string> names;
  for (const Json& sni : present) names.push_back(sni["name"].get<std::string>());
  std::sort(names.begin(), names.end());
  certificate["snis"] = std::move(names);
  return {};
}

Stop readCertificateKey(ApiContext& context, const std::string& serverName, EntityKey& key) {
  const std::string problem = sniSchema().checkField("name", serverName);
  if (!problem.empty()) return failure(400, 10, "invalid unique name", problem, nullptr);
  auto sni = context.store().getByUnique("snis", "name", serverName);
  if (!sni) return storeFailed(sni.error());
  if (!sni->has_value()) return message(404, "SNI not found");
  key = {"id", certificateOf(**sni)};
  return {};
}

}  // namespace tollgate::admin
