#include "source/schema/plugin_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/schema/checks.h"
#include "source/schema/describe.h"
#include "source/schema/plugin_names.h"
#include "source/schema/stored_doc.h"

namespace tollgate::schema {
namespace {

struct Registered {
  std::deque<PluginConfig> plugins;
  std::deque<PluginConfig> others;  ///< Of filters that are no plugins.
};

Registered& registered() {
  static auto& all = *new Registered;
  return all;
}

Json everyProtocol() {
  return {"grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"};
}

/// Records of plugins are shown without a default of their own: those of their fields tell it.
Json withoutRecordDefaults(Json fields) {
  for (auto& field : fields) {
    for (auto& [name, about] : field.items()) {
      if (about["type"] != "record" || !about.contains("fields")) continue;
      about.erase("default");
      about["fields"] = withoutRecordDefaults(std::move(about["fields"]));
    }
  }
  return fields;
}

const PluginConfig* named(const std::deque<PluginConfig>& configs, std::string_view name) {
  for (const PluginConfig& config : configs) {
    if (config.name() == name) return &config;
  }
  return nullptr;
}

}  // namespace

PluginConfig::PluginConfig(const google::protobuf::Descriptor& message, Check check)
    : rules_(message.options().GetExtension(v1::entity)),
      fields_(compileFields(message)),
      check_(check) {}

void PluginConfig::add(const google::protobuf::Descriptor& message, Check check) {
  PluginConfig config(message, check);
  if (findFilter(config.name()) != nullptr) return;
  auto& place = config.rules().plugin().empty() ? registered().others : registered().plugins;
  place.push_back(std::move(config));
}

const std::deque<PluginConfig>& PluginConfig::all() { return registered().plugins; }

const PluginConfig* PluginConfig::find(std::string_view name) {
  return named(registered().plugins, name);
}

const PluginConfig* PluginConfig::findFilter(std::string_view name) {
  const PluginConfig* plugin = find(name);
  return plugin != nullptr ? plugin : named(registered().others, name);
}

const std::string& PluginConfig::name() const {
  return rules_.plugin().empty() ? rules_.filter() : rules_.plugin();
}

const PluginConfig* PluginConfig::select(const Json& doc, Json& errors) {
  const Json& name = valueAt(doc, "name");
  if (name.is_null()) {
    errors["name"] = "required field missing";
  } else if (!name.is_string()) {
    errors["name"] = "expected a string";
  } else if (const PluginConfig* found = find(name.get_ref<const std::string&>())) {
    return found;
  } else {
    const auto& text = name.get_ref<const std::string&>();
    // Nothing that is added to a setting brings one that does not exist; of a name that nobody
    // knows clients expect to hear it all the same.
    errors["name"] =
        pluginHome(text) == PluginHome::kUnknown
            ? fmt::format("plugin '{}' not enabled; add it to the 'plugins' configuration property",
                          text)
            : fmt::format("plugin '{}' {}", text, whyNoPlugin(text));
  }
  return nullptr;
}

void PluginConfig::merge(Json& stored, const Json& change) {
  for (const auto& [key, value] : change.items()) {
    if (value.is_object() && stored.contains(key) && stored[key].is_object()) {
      merge(stored[key], value);
    } else {
      stored[key] = value;
    }
    if (key.starts_with("redis_") && stored.contains("redis") && stored["redis"].is_object()) {
      stored["redis"][key.substr(6)] = value;
    }
  }
}

void PluginConfig::coerce(Json& config) const {
  coerceRecord(fields_, config);
  if (!config.is_object()) return;
  for (const auto& s : rules_.shorthands()) {
    auto found = config.find(s.name());
    if (found == config.end()) continue;
    for (const auto& f : fields_) {
      if (f.name != s.path(0)) continue;
      Json record = {{s.path(1), *found}};
      coerceRecord(f.fields, record);
      *found = record[s.path(1)];
    }
  }
}

void PluginConfig::takeShorthands(Json& config, Json& errors) const {
  for (const auto& s : rules_.shorthands()) {
    auto found = config.find(s.name());
    if (found == config.end()) continue;
    Json value = *found;
    config.erase(found);
    Json& record = config[s.path(0)];
    if (record.is_null()) record = Json::object();
    if (!record.is_object()) continue;
    auto current = record.find(s.path(1));
    if (current == record.end() || current->is_null()) {
      record[s.path(1)] = std::move(value);
    } else if (!value.is_null() && *current != value) {
      auto text = [](const Json& v) { return v.is_string() ? v.get<std::string>() : v.dump(); };
      errors[s.name()] = fmt::format(
          "both deprecated and new field are used but their values mismatch: {} = {} vs {}.{} = {}",
          s.name(), text(value), s.path(0), s.path(1), text(*current));
    }
  }
}

void PluginConfig::check(WriteMode mode, Json& doc, Json& errors) const {
  for (const auto& scope : rules_.forbidden_scopes()) {
    if (!valueAt(doc, scope).is_null()) errors[scope] = "value must be null";
  }
  checkProtocols(doc, errors);
  auto given = doc.find("config");
  if (mode == WriteMode::kUpdate && given != doc.end() && given->is_null()) {
    errors["config"] = "required field missing";
    return;
  }
  Json& config = doc["config"];
  if (config.is_null() || (config.is_array() && config.empty())) config = Json::object();
  if (!config.is_object()) {
    errors["config"] = "expected a record";
    return;
  }
  Json problems = Json::object();
  takeShorthands(config, problems);
  fillDefaults(fields_, config);
  problems.update(checkRecord(fields_, config));
  if (!problems.empty()) errors["config"] = std::move(problems);
  runChecks(rules_, mode, doc, errors);
  if (check_ != nullptr && !errors.contains("config")) {
    if (std::string error = check_(config); !error.empty()) errors["config"] = error;
  }
}

Json PluginConfig::protocols() const {
  if (rules_.protocols_size() == 0) return {"grpc", "grpcs", "http", "https"};
  return std::vector<std::string>(rules_.protocols().begin(), rules_.protocols().end());
}

void PluginConfig::checkProtocols(const Json& doc, Json& errors) const {
  const Json& given = valueAt(doc, "protocols");
  if (!given.is_array() || errors.contains("protocols")) return;
  const Json allowed = rules_.any_protocol() ? everyProtocol() : protocols();
  std::string names;
  for (const auto& name : allowed) names += (names.empty() ? "" : ", ") + name.get<std::string>();
  Json problems = Json::array();
  for (size_t i = 0; i < given.size(); ++i) {
    if (std::find(allowed.begin(), allowed.end(), given[i]) != allowed.end()) continue;
    while (problems.size() < i) problems.push_back(nullptr);
    problems.push_back("expected one of: " + names);
  }
  if (!problems.empty()) errors["protocols"] = std::move(problems);
}

void PluginConfig::complete(Json& doc) const { fillNulls(fields_, doc["config"]); }

void PluginConfig::mirror(Json& config) const {
  if (!config.is_object()) return;
  for (const auto& s : rules_.shorthands()) {
    config[s.name()] = valueAt(config, s.path(0) + "." + s.path(1));
  }
}

void PluginConfig::mask(Json& config) const {
  maskSecrets(fields_, config);
  if (!config.is_object()) return;
  for (const auto& s : rules_.shorthands()) {
    auto older = config.find(s.name());
    if (older != config.end()) *older = valueAt(config, s.path(0) + "." + s.path(1));
  }
}

Json PluginConfig::describe() const {
  Json config = {{"type", "record"},
                 {"required", true},
                 {"fields", withoutRecordDefaults(describeFields(fields_))}};
  for (const auto& s : rules_.shorthands()) {
    for (const auto& f : fields_) {
      if (f.name != s.path(0)) continue;
      for (const auto& sub : f.fields) {
        if (sub.name != s.path(1)) continue;
        Json type = {{"type", describeField(sub)["type"]}};
        type["deprecation"] = {{"message", fmt::format("{}: please use config.{}.{} instead",
                                                       s.name(), f.name, sub.name)},
                               {"removal_in_version", "4.0"},
                               {"replaced_with", {{{"path", {f.name, sub.name}}}}}};
        config["shorthand_fields"].push_back({{s.name(), std::move(type)}});
      }
    }
  }
  Json list = Json::array();
  for (const auto& scope : rules_.forbidden_scopes()) {
    list.push_back({{scope, {{"type", "foreign"}, {"reference", scope + "s"}, {"eq", nullptr}}}});
  }
  const Json names = protocols();
  const Json allowed = rules_.any_protocol() ? everyProtocol() : names;
  list.push_back({{"protocols",
                   {{"type", "set"},
                    {"required", true},
                    {"default", names},
                    {"elements", {{"type", "string"}, {"one_of", allowed}}}}}});
  list.push_back({{"config", std::move(config)}});
  return {{"fields", std::move(list)}, {"entity_checks", describeChecks(rules_)}};
}

std::vector<PluginInfo> pluginInfos() {
  std::vector<PluginInfo> out;
  for (const PluginConfig& config : PluginConfig::all()) {
    const auto& rules = config.rules();
    out.push_back({rules.plugin(), rules.priority(), rules.version()});
  }
  return out;
}

Json describePlugin(std::string_view name) {
  const PluginConfig* config = PluginConfig::find(name);
  return config ? config->describe() : Json(nullptr);
}

}  // namespace tollgate::schema
