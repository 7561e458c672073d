#include "source/schema/route_checks.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "source/schema/route_path.h"

namespace tollgate::schema {
namespace {

using Names = std::vector<std::string_view>;

enum class Family { kHttp, kGrpc, kStream, kPassthrough, kUnknown };

Family familyOf(const Json& protocol) {
  if (protocol == "http" || protocol == "https") return Family::kHttp;
  if (protocol == "grpc" || protocol == "grpcs") return Family::kGrpc;
  if (protocol == "tcp" || protocol == "tls" || protocol == "udp") return Family::kStream;
  return protocol == "tls_passthrough" ? Family::kPassthrough : Family::kUnknown;
}

Family familyOfRoute(const Json& doc) {
  auto at = doc.find("protocols");
  if (at == doc.end() || !at->is_array()) return Family::kHttp;
  for (const auto& protocol : *at) {
    if (familyOf(protocol) != Family::kUnknown) return familyOf(protocol);
  }
  return Family::kUnknown;
}

bool has(const Json& doc, std::string_view protocol) {
  auto at = doc.find("protocols");
  if (at == doc.end() || !at->is_array()) return false;
  for (const auto& item : *at) {
    if (item == protocol) return true;
  }
  return false;
}

bool isSet(const Json& doc, std::string_view field) {
  auto at = doc.find(field);
  return at != doc.end() && !at->is_null();
}

bool nonEmpty(const Json& doc, std::string_view field) {
  auto at = doc.find(field);
  return at != doc.end() && !at->is_null() && !(at->is_structured() && at->empty());
}

void require(const Json& doc, const Names& fields, std::string_view protocols, Json& errors) {
  std::string names;
  for (auto field : fields) {
    if (nonEmpty(doc, field)) return;
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", field);
  }
  std::string what =
      fields.size() == 1 ? std::string("set ") + std::string(fields[0]) : "set one of " + names;
  errors["@entity"].push_back(fmt::format("must {} when 'protocols' is {}", what, protocols));
}

void forbid(const Json& doc, const Names& fields, std::string_view protocols, Json& errors) {
  for (auto field : fields) {
    if (!isSet(doc, field)) continue;
    errors[std::string(field)] =
        fmt::format("cannot set '{}' when 'protocols' is {}", field, protocols);
  }
}

/// Protocols of more than one family cannot stand together.
void checkFamilies(const Json& doc, Json& errors) {
  if (errors.contains("protocols")) return;
  static const std::vector<std::pair<Family, const char*>> kGroups = {
      {Family::kHttp, "('http', 'https')"},
      {Family::kStream, "('tcp', 'tls', 'udp')"},
      {Family::kPassthrough, "('tls_passthrough')"},
      {Family::kGrpc, "('grpc', 'grpcs')"}};
  std::string present;
  int groups = 0;
  for (const auto& [family, text] : kGroups) {
    bool found = false;
    for (const auto& protocol : doc.at("protocols")) found = found || familyOf(protocol) == family;
    if (!found) continue;
    present += std::string(groups++ == 0 ? "" : ", ") + text;
  }
  if (groups > 1) errors["protocols"] = "these sets are mutually exclusive: " + present;
}

/// A regular expression that is well formed but not one the router can run.
void checkRegexes(const Json& doc, Json& errors) {
  auto paths = doc.find("paths");
  if (paths == doc.end() || !paths->is_array() || errors.contains("paths")) return;
  for (const auto& path : *paths) {
    std::string error = checkRouterRegex(path.get<std::string>());
    if (!error.empty()) errors["@entity"].push_back(std::move(error));
  }
}

}  // namespace

void prepareRoute(Json& doc, Json& errors) {
  Family family = familyOfRoute(doc);
  if (family == Family::kUnknown) {
    const Json& protocols = doc["protocols"];
    if (protocols.empty())
      errors["protocols"] = "unknown type: nil";
    else if (protocols[0].is_string()) {
      errors["protocols"] = "unknown type: " + protocols[0].get<std::string>();
    }
  }
  if (family == Family::kGrpc && !doc.contains("strip_path")) doc["strip_path"] = false;
}

void checkRoute(Json& doc, Json& errors) {
  checkFamilies(doc, errors);
  checkRegexes(doc, errors);
  switch (familyOfRoute(doc)) {
    case Family::kHttp:
      forbid(doc, {"sources", "destinations"}, "'http' or 'https'", errors);
      if (has(doc, "https")) {
        require(doc, {"methods", "hosts", "headers", "paths", "snis"}, "'https'", errors);
      } else if (has(doc, "http")) {
        require(doc, {"methods", "hosts", "headers", "paths"}, "'http'", errors);
      }
      break;
    case Family::kGrpc:
      forbid(doc, {"methods", "sources", "destinations"}, "'grpc' or 'grpcs'", errors);
      if (doc.value("strip_path", Json()) == true) {
        errors["strip_path"] = "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'";
      }
      if (has(doc, "grpcs")) {
        require(doc, {"hosts", "headers", "paths", "snis"}, "'grpcs'", errors);
      } else {
        require(doc, {"hosts", "headers", "paths"}, "'grpc'", errors);
      }
      break;
    case Family::kStream:
    case Family::kPassthrough:
      forbid(doc, {"methods", "hosts", "paths", "headers"},
             "'tcp', 'tls', 'tls_passthrough' or 'udp'", errors);
      if (has(doc, "tls_passthrough")) {
        require(doc, {"snis"}, "'tls_passthrough'", errors);
      } else {
        require(doc, {"sources", "destinations", "snis"}, "'tcp', 'tls' or 'udp'", errors);
      }
      break;
    case Family::kUnknown:
      break;
  }
  const bool tls =
      has(doc, "https") || has(doc, "grpcs") || has(doc, "tls") || has(doc, "tls_passthrough");
  if (nonEmpty(doc, "snis") && !tls && !errors.contains("snis")) {
    errors["snis"] = "length must be 0";
    errors["@entity"].push_back(
        "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'");
  }
}

}  // namespace tollgate::schema
