#include "source/schema/plugin_config.h"

#include <fmt/format.h>

#include "source/schema/stored_doc.h"
#include "tollgate/filters/http/key_auth/v1/key_auth.pb.h"
#include "tollgate/filters/http/rate_limiting/v1/rate_limiting.pb.h"

namespace tollgate::schema {
namespace {

/// The value at a dotted path; null where there is none.
const Json& at(const Json& doc, std::string_view path) {
  static const Json kNull;
  const Json* value = &doc;
  while (!path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    if (!value->is_object()) return kNull;
    auto next = value->find(std::string(path.substr(0, dot)));
    if (next == value->end()) return kNull;
    value = &*next;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return *value;
}

void setAt(Json& doc, std::string_view path, const std::string& error) {
  Json* value = &doc;
  while (!path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    if (!value->is_object() && !value->is_null()) return;
    value = &(*value)[std::string(path.substr(0, dot))];
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  *value = error;
}

bool nonEmpty(const Json& value) {
  return !value.is_null() && value != "" && !(value.is_structured() && value.empty());
}

void runConditional(const v1::EntityCheck::Conditional& c, const Json& doc, Json& errors) {
  if (!at(errors, c.if_field()).is_null() || !at(errors, c.then_field()).is_null()) return;
  const Json& value = at(doc, c.if_field());
  bool match = c.not_one_of_size() > 0;
  for (const auto& text : c.one_of()) match = match || value == text;
  for (const auto& text : c.not_one_of()) match = match && value != text;
  if (!match) return;
  const bool unset = at(doc, c.then_field()).is_null();
  if (c.then_null() ? unset : !unset) return;
  setAt(errors, c.then_field(), c.then_null() ? "value must be null" : "required field missing");
  errors["@entity"].push_back(
      fmt::format("failed conditional validation given value of field '{}'", c.if_field()));
}

/// A larger window must not allow less than a smaller one.
std::string checkWindows(const Json& config) {
  static constexpr const char* kNames[] = {"second", "minute", "hour", "day", "month", "year"};
  for (size_t i = 0; i < 6; ++i) {
    const Json& low = at(config, kNames[i]);
    if (!low.is_number()) continue;
    for (size_t k = i + 1; k < 6; ++k) {
      const Json& high = at(config, kNames[k]);
      if (high.is_number() && high.get<double>() < low.get<double>()) {
        return fmt::format("The limit for {}({:.1f}) cannot be lower than the limit for {}({:.1f})",
                           kNames[k], high.get<double>(), kNames[i], low.get<double>());
      }
    }
  }
  const Json& rate = at(config, "sync_rate");
  if (rate.is_number() && rate.get<double>() != -1) {
    if (at(config, "policy") != "redis") return "sync_rate can only be used with the redis policy";
    if (rate.get<double>() < 0.02) return "sync_rate must be greater than 0.02, or -1 to disable";
  }
  return "";
}

}  // namespace

PluginConfig::PluginConfig(const google::protobuf::Descriptor& message)
    : rules_(message.options().GetExtension(v1::entity)), fields_(compileFields(message)) {}

const std::vector<PluginConfig>& PluginConfig::all() {
  static const auto& configs = *new std::vector<PluginConfig>{
      PluginConfig(*filters::http::key_auth::v1::Config::descriptor()),
      PluginConfig(*filters::http::rate_limiting::v1::Config::descriptor())};
  return configs;
}

const PluginConfig* PluginConfig::find(std::string_view name) {
  for (const auto& config : all()) {
    if (config.rules_.plugin() == name) return &config;
  }
  return nullptr;
}

const PluginConfig* PluginConfig::select(const Json& doc, Json& errors) {
  const Json& name = at(doc, "name");
  if (name.is_null()) {
    errors["name"] = "required field missing";
  } else if (!name.is_string()) {
    errors["name"] = "expected a string";
  } else if (name == "") {
    errors["name"] = "length must be at least 1";
  } else if (const PluginConfig* found = find(name.get_ref<const std::string&>())) {
    return found;
  } else {
    errors["name"] =
        fmt::format("plugin '{}' not enabled; add it to the 'plugins' configuration property",
                    name.get_ref<const std::string&>());
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
    if (!at(doc, scope).is_null()) errors[scope] = "value must be null";
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
  if (rules_.plugin() == "rate-limiting" && !errors.contains("config")) {
    if (std::string error = checkWindows(config); !error.empty()) errors["config"] = error;
  }
}

void PluginConfig::complete(Json& doc) const {
  fillNulls(fields_, doc["config"]);
  mirror(doc["config"]);
}

void PluginConfig::mirror(Json& config) const {
  if (!config.is_object()) return;
  for (const auto& s : rules_.shorthands()) {
    config[s.name()] = at(config, s.path(0) + "." + s.path(1));
  }
}

void PluginConfig::mask(Json& config) const {
  maskSecrets(fields_, config);
  if (!config.is_object()) return;
  for (const auto& s : rules_.shorthands()) {
    auto older = config.find(s.name());
    if (older != config.end()) *older = at(config, s.path(0) + "." + s.path(1));
  }
}

Json PluginConfig::describe() const {
  Json config = {{"type", "record"}, {"required", true}, {"fields", describeFields(fields_)}};
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
  Json names = {"grpc", "grpcs", "http", "https"};
  list.push_back({{"protocols",
                   {{"type", "set"},
                    {"required", true},
                    {"default", names},
                    {"elements", {{"type", "string"}, {"one_of", names}}}}}});
  list.push_back({{"config", std::move(config)}});
  return {{"fields", std::move(list)}, {"entity_checks", describeChecks(rules_)}};
}

void runChecks(const v1::EntityRules& rules, WriteMode mode, const Json& doc, Json& errors) {
  for (const auto& check : rules.checks()) {
    if (check.has_conditional()) {
      runConditional(check.conditional(), doc, errors);
      continue;
    }
    bool found = false;
    std::string names;
    for (const auto& name : check.at_least_one_of()) {
      found = found || nonEmpty(at(doc, name));
      names += (names.empty() ? "'" : ", '") + name + "'";
    }
    if (found) continue;
    const char* prefix = mode == WriteMode::kUpdate ? "when updating, " : "";
    errors["@entity"].push_back(
        fmt::format("{}at least one of these fields must be non-empty: {}", prefix, names));
  }
}

Json describeChecks(const v1::EntityRules& rules) {
  Json out = Json::array();
  for (const auto& check : rules.checks()) {
    if (!check.has_conditional()) {
      Json names = Json::array();
      for (const auto& name : check.at_least_one_of()) names.push_back(name);
      out.push_back({{"at_least_one_of", std::move(names)}});
      continue;
    }
    const auto& c = check.conditional();
    Json match = Json::object();
    if (c.one_of_size() == 1) match["eq"] = c.one_of(0);
    if (c.one_of_size() > 1)
      match["one_of"] = Json(std::vector<std::string>(c.one_of().begin(), c.one_of().end()));
    for (const auto& text : c.not_one_of()) match["not_one_of"].push_back(text);
    Json then = c.then_null() ? Json{{"eq", nullptr}} : Json{{"required", true}};
    out.push_back({{"conditional",
                    {{"if_field", c.if_field()},
                     {"if_match", std::move(match)},
                     {"then_field", c.then_field()},
                     {"then_match", std::move(then)}}}});
  }
  return out;
}

const std::vector<PluginInfo>& pluginInfos() {
  static const auto& infos = *[] {
    auto* list = new std::vector<PluginInfo>;
    for (const auto& config : PluginConfig::all()) {
      const auto& rules = config.rules();
      list->push_back({rules.plugin(), rules.priority(), rules.version()});
    }
    return list;
  }();
  return infos;
}

Json describePlugin(std::string_view name) {
  const PluginConfig* config = PluginConfig::find(name);
  return config ? config->describe() : Json(nullptr);
}

}  // namespace tollgate::schema
