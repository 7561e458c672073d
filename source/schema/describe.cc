#include "source/schema/describe.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "source/schema/checks.h"

namespace tollgate::schema {
namespace {

using Type = Field::Type;

const char* typeName(Type type) {
  static constexpr const char* kNames[] = {"string", "integer", "number", "boolean", "array",
                                           "set",    "map",     "record", "foreign", "record"};
  return kNames[static_cast<int>(type)];
}

/// What the named rules say in the terms of clients. Patterns are Lua's, as clients expect.
const Json& constraintsOf(const std::string& rule) {
  static const auto& known = *new std::unordered_map<std::string, Json>{
      {"path", Json::parse(R"j({"starts_with":"/",
        "match_none":[{"pattern":"//","err":"must not have empty segments"}]})j")},
      {"method", Json::parse(R"j({"match":"^%u+$"})j")},
      {"pair", Json::parse(R"j({"match":"^[^:]+:.*$"})j")},
      {"header_pair", Json::parse(R"j({"match":"^[^:]+:.*$"})j")},
      {"header_rename", Json::parse(R"j({"match":"^[^:]+:.*$"})j")},
      {"log_file", Json::parse(R"j({"match":"^[^*&%%\\`]+$","err":"not a valid filename"})j")},
      {"log_header", Json::parse(R"j({"match_none":[
        {"pattern":"^[Hh][Oo][Ss][Tt]$","err":"cannot contain 'Host' header"},
        {"pattern":"^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Ll][Ee][nn][Gg][Tt][Hh]$",
         "err":"cannot contain 'Content-Length' header"},
        {"pattern":"^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Tt][Yy][Pp][Ee]$",
         "err":"cannot contain 'Content-Type' header"}]})j")},
      {"regex", Json::parse(R"j({"is_regex":true})j")},
      {"vault_prefix", Json::parse(R"j({"match":"^[a-z][a-z%d-]-[a-z%d]+$"})j")},
      {"route_host", Json::parse(R"j({
        "match_any":{"patterns":["^%*%.","%.%*$","^[^*]*$"],
          "err":"invalid wildcard: must be placed at leftmost or rightmost label"},
        "match_all":[{"pattern":"^[^*]*%*?[^*]*$",
          "err":"invalid wildcard: must have at most one wildcard"}]})j")},
      {"route_path", Json::parse(R"j({
        "match_any":{"patterns":["^/","^~/"],
          "err":"should start with: / (fixed path) or ~/ (regex path)"},
        "match_none":[{"pattern":"//","err":"must not have empty segments"}]})j")},
      {"route_headers", Json::parse(R"j({"keys":{"type":"string",
        "match_none":[{"pattern":"^[Hh][Oo][Ss][Tt]$",
          "err":"cannot contain 'host' header, which must be specified in the 'hosts' attribute"}]}})j")},
      {"protocol_families", Json::parse(R"j({"mutually_exclusive_subsets":
        [["http","https"],["tcp","tls","udp"],["tls_passthrough"],["grpc","grpcs"]]})j")},
  };
  static const Json none = Json::object();
  auto found = known.find(rule);
  return found == known.end() ? none : found->second;
}

}  // namespace

Json describeField(const Field& f) {
  Json out = {{"type", typeName(f.type)}};
  const Rules& r = f.rules;
  if (!r.default_json().empty()) out["default"] = f.defaultValue;
  if (r.has_required()) out["required"] = r.required();
  if (r.unique()) out["unique"] = true;
  if (r.auto_()) out["auto"] = true;
  if (r.referenceable()) out["referenceable"] = true;
  if (r.secret()) out["encrypted"] = true;
  if (r.type() == "uuid") out["uuid"] = true;
  if (r.type() == "timestamp") out["timestamp"] = true;
  if (!r.description().empty()) out["description"] = r.description();
  if (!r.reference().empty()) out["reference"] = r.reference();
  if (r.cascade()) out["on_delete"] = "cascade";
  if (r.has_len_min()) out["len_min"] = r.len_min();
  if (r.has_gt()) out["gt"] = Json::parse(fmt::format("{}", r.gt()), nullptr, false);
  if (r.between_size() == 2) {
    const auto bound = [](double value) {
      return value == std::floor(value) ? Json(static_cast<int64_t>(value)) : Json(value);
    };
    out["between"] = {bound(r.between(0)), bound(r.between(1))};
  }
  for (const auto& v : r.one_of()) {
    out["one_of"].push_back(f.type == Type::kInteger ? Json(std::atoi(v.c_str())) : Json(v));
  }
  if (f.type == Type::kMap) {
    out["keys"] = {{"type", "string"}};
    if (f.rules.keys().has_len_min()) out["keys"]["len_min"] = f.rules.keys().len_min();
    out["keys"].update(constraintsOf(f.rules.keys().type()));
  }
  if (f.elements) out[f.type == Type::kMap ? "values" : "elements"] = describeField(*f.elements);
  for (const auto& v : r.not_one_of()) out["not_one_of"].push_back(v);
  out.update(constraintsOf(r.type()));
  if (f.type == Type::kRecord) {
    out["fields"] = describeFields(f.fields);
    if (f.checks.checks_size() > 0) out["entity_checks"] = describeChecks(f.checks);
    if (r.required()) {
      Json whole = Json::object();
      fillDefaults(f.fields, whole);
      out["default"] = std::move(whole);
    }
  }
  if (f.type == Type::kAny) out["abstract"] = true;
  return out;
}

Json describeFields(const Fields& fields) {
  Json out = Json::array();
  for (const auto& f : fields) {
    if (!f.hidden()) out.push_back({{f.name, describeField(f)}});
  }
  return out;
}

}  // namespace tollgate::schema
