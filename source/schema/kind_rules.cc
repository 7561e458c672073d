#include "source/schema/kind_rules.h"

#include <string>
#include <unordered_map>

#include "source/schema/certificate_checks.h"
#include "source/schema/host_rules.h"
#include "source/schema/key_checks.h"
#include "source/schema/route_checks.h"
#include "source/schema/rules.h"
#include "source/schema/service_url.h"

namespace tollgate::schema {
namespace {

/// The algorithm and the hash input of an upstream decide each other: a word about the one changes
/// the other, and the hash input has the last word.
void takeUpstream(Json& body, Json&) {
  auto algorithm = body.find("algorithm");
  if (algorithm != body.end() && (*algorithm == "least-connections" || *algorithm == "latency")) {
    body["hash_on"] = nullptr;
  }
  auto hashOn = body.find("hash_on");
  if (hashOn == body.end()) return;
  if (hashOn->is_null()) {
    *hashOn = "none";
  } else if (hashOn->is_string()) {
    body["algorithm"] = *hashOn == "none" ? "round-robin" : "consistent-hashing";
  }
}

void takeTarget(Json& body, Json& errors) {
  auto target = body.find("target");
  if (target == body.end() || !target->is_string()) return;
  auto normal = normalizeTarget(target->get_ref<const std::string&>());
  if (normal) {
    *target = *normal;
  } else {
    errors["target"] = "Invalid target; not a valid hostname or ip address";
  }
}

/// What a vault is named after decides what else it has: without it nothing else is looked at.
void prepareVault(Json& doc, Json& errors) {
  const Json name = doc.value("name", Json());
  if (name.is_null()) {
    errors["name"] = "required field missing";
  } else if (name.is_string()) {
    std::string error = checkRule("vault_name", name.get_ref<const std::string&>());
    if (!error.empty()) errors["name"] = std::move(error);
  }
}

}  // namespace

const KindRules& kindRules(std::string_view kind) {
  static const auto& rules = *new std::unordered_map<std::string_view, KindRules>{
      {"services", {.takeBody = takeServiceUrl}},
      {"routes", {.prepare = prepareRoute, .check = checkRoute}},
      {"upstreams", {.takeBody = takeUpstream}},
      {"targets", {.takeBody = takeTarget}},
      {"certificates", {.check = checkCertificatePairs}},
      {"ca_certificates", {.check = checkAuthority}},
      {"vaults", {.prepare = prepareVault}},
      {"keys", {.check = checkKey}},
  };
  static const KindRules none;
  auto found = rules.find(kind);
  return found == rules.end() ? none : found->second;
}

}  // namespace tollgate::schema
