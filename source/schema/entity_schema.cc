#include "source/schema/entity_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "source/schema/field.h"
#include "source/schema/plugin_config.h"
#include "source/schema/route_checks.h"
#include "source/schema/rules.h"
#include "source/schema/stored_doc.h"
#include "tollgate/gateway/v1/consumer.pb.h"
#include "tollgate/gateway/v1/keyauth_credential.pb.h"
#include "tollgate/gateway/v1/plugin.pb.h"
#include "tollgate/gateway/v1/route.pb.h"
#include "tollgate/gateway/v1/service.pb.h"

namespace tollgate::schema {
namespace {

constexpr const char* kTtlMember = "ttl_expires_at";
constexpr double kMaxTtl = 100000000;

/// A nested error value as the Admin API prints what lies deeper than one level.
std::string prettyTable(const Json& value, const std::string& indent) {
  if (value.is_string()) return "\"" + value.get<std::string>() + "\"";
  if (!value.is_structured()) return value.dump();
  std::string out = "{\n", separator;
  for (const auto& [key, item] : value.items()) {
    out += separator + indent + "  " + (value.is_object() ? key + " = " : "") +
           prettyTable(item, indent + "  ");
    separator = ",\n";
  }
  return out + "\n" + indent + "}";
}

/// Host and port of an authority; a port that is not a number stays text, for validation to refuse.
void splitAuthority(std::string authority, Json& host, Json& port) {
  authority = authority.substr(authority.rfind('@') + 1);
  size_t portAt = authority.rfind(':');
  if (portAt != std::string::npos && authority.find(']', portAt) == std::string::npos) {
    std::string digits = authority.substr(portAt + 1);
    const bool number =
        digits.size() < 9 && digits.find_first_not_of("0123456789") == std::string::npos;
    if (!digits.empty()) port = number ? Json(std::stoi(digits)) : Json(digits);
    authority.resize(portAt);
  }
  if (authority.size() > 1 && authority.front() == '[' && authority.back() == ']') {
    authority = authority.substr(1, authority.size() - 2);
  }
  if (!authority.empty()) host = authority;
}

/// The parts of a service's URL in place of `url`; the last word on protocol, host, port and path.
void expandUrl(Json& body) {
  auto at = body.find("url");
  if (at == body.end() || !at->is_string()) return;
  std::string url = at->get<std::string>();
  url = url.substr(0, url.find_first_of("?#"));
  body.erase(at);
  Json scheme, host, port, path;
  size_t slashes = url.find("//");
  const bool relative = slashes != 0 && (slashes == std::string::npos || url[slashes - 1] != ':');
  if (relative) {
    path = url;
  } else {
    if (slashes > 0) scheme = url.substr(0, slashes - 1);
    std::string rest = url.substr(slashes + 2);
    size_t slash = rest.find('/');
    if (slash != std::string::npos) path = rest.substr(slash);
    splitAuthority(rest.substr(0, slash), host, port);
  }
  if (scheme.is_null()) scheme = port == 443 ? "https" : "http";
  if (port.is_null()) port = scheme == "https" ? 443 : 80;
  body["protocol"] = scheme;
  body["port"] = port;
  body["host"] = host;
  body["path"] = path;
}

/// Only what `url` itself can be wrong in; null is as good as absent.
void checkUrl(Json& body, Json& errors) {
  auto url = body.find("url");
  if (url == body.end()) return;
  if (url->is_null()) {
    body.erase(url);
  } else if (!url->is_string()) {
    errors["url"] = "expected a string";
  } else if (url->get_ref<const std::string&>().empty()) {
    errors["url"] = "length must be at least 1";
  }
}

class CompiledSchema : public EntitySchema {
 public:
  explicit CompiledSchema(const google::protobuf::Descriptor& message)
      : rules_(message.options().GetExtension(v1::entity)), fields_(compileFields(message)) {
    for (const auto& f : fields_) {
      if (f.type != Field::Type::kForeign) continue;
      foreign_.push_back(
          {f.name, f.rules.reference(),
           f.rules.cascade() ? ForeignKey::OnDelete::kCascade : ForeignKey::OnDelete::kRestrict});
    }
  }

  const std::string& kind() const override { return rules_.kind(); }
  const std::string& endpointKey() const override { return rules_.endpoint_key(); }
  const std::vector<ForeignField>& foreignFields() const override { return foreign_; }
  bool supportsTtl() const override { return rules_.ttl(); }

  Json coerce(Json form, const Json& stored) const override {
    if (!form.is_object()) return form;
    coerceRecord(fields_, form);
    if (kind() == "services" && form.value("url", Json()) == "") form["url"] = nullptr;
    if (supportsTtl() && form.contains("ttl") && form["ttl"].is_string()) {
      const std::string text = form["ttl"].get<std::string>();
      if (!text.empty() && text.size() < 10 &&
          text.find_first_not_of("0123456789") == std::string::npos) {
        form["ttl"] = std::stoi(text);
      }
    }
    if (kind() == "plugins" && form.contains("config")) {
      Json name = form.contains("name")
                      ? form["name"]
                      : (stored.is_object() ? stored.value("name", Json()) : Json());
      const PluginConfig* plugin =
          name.is_string() ? PluginConfig::find(name.get<std::string>()) : nullptr;
      if (plugin) plugin->coerce(form["config"]);
    }
    return form;
  }

  Json write(WriteMode mode, Json body, const Json& stored, double now,
             Violations& violations) const override {
    if (!body.is_object()) body = Json::object();
    Json& errors = violations.fields;
    if (kind() == "services") {
      checkUrl(body, errors);
      if (!errors.empty()) return body;
      expandUrl(body);
    }
    Json ttl = takeTtl(body, errors);
    if (!errors.empty()) return body;
    Json doc = mode == WriteMode::kUpdate ? merged(stored, std::move(body)) : std::move(body);
    const PluginConfig* plugin = nullptr;
    if (kind() == "plugins") {
      plugin = PluginConfig::select(doc, errors);
      if (!plugin) return doc;
    }
    if (kind() == "routes") prepareRoute(doc, errors);
    if (!errors.empty()) return doc;
    generate(mode, doc, now);
    if (mode == WriteMode::kInsert) fillDefaults(fields_, doc);
    const Json hidden = doc.value(kTtlMember, Json());
    doc.erase(kTtlMember);
    errors = checkRecord(fields_, doc);
    if (plugin) plugin->check(mode, doc, errors);
    if (kind() == "routes") checkRoute(doc, errors);
    runChecks(rules_, mode, doc, errors);
    if (!errors.empty()) return doc;
    fillNulls(fields_, doc);
    if (plugin) plugin->complete(doc);
    if (!hidden.is_null() && ttl.is_null()) doc[kTtlMember] = hidden;
    if (ttl.is_number() && ttl.get<double>() > 0) doc[kTtlMember] = now + ttl.get<double>();
    return doc;
  }

  std::string checkField(std::string_view field, const Json& value) const override {
    for (const auto& f : fields_) {
      if (f.name != field) continue;
      Json copy = value;
      Json error = checkValue(f, copy);
      return error.is_string() ? error.get<std::string>() : error.is_null() ? "" : error.dump();
    }
    return "unknown field";
  }

  Json print(const Json& doc, double now) const override {
    Json out = doc;
    if (supportsTtl()) {
      const Json until = out.value(kTtlMember, Json());
      out["ttl"] = nullptr;
      if (until.is_number()) {  // Whole seconds that are sure to remain: the present one has begun.
        out["ttl"] = static_cast<int64_t>(std::max(0.0, std::ceil(until.get<double>() - now) - 1));
      }
      out.erase(kTtlMember);
    }
    if (kind() == "plugins") {
      const PluginConfig* plugin = PluginConfig::find(out.value("name", std::string()));
      if (plugin && out.contains("config")) plugin->mirror(out["config"]);
    }
    return out;
  }

  bool expired(const Json& doc, double now) const override {
    auto until = supportsTtl() ? doc.find(kTtlMember) : doc.end();
    return until != doc.end() && until->is_number() && until->get<double>() <= now;
  }

  std::string misfit(const Json& doc) const override { return schema::misfit(fields_, doc); }

  Json masked(Json doc) const override {
    maskSecrets(fields_, doc);
    auto config = kind() == "plugins" && doc.is_object() ? doc.find("config") : doc.end();
    if (config == doc.end()) return doc;
    const Json name = doc.value("name", Json());
    const PluginConfig* plugin =
        name.is_string() ? PluginConfig::find(name.get_ref<const std::string&>()) : nullptr;
    if (plugin != nullptr) {
      plugin->mask(*config);
    } else {
      maskAll(*config);
    }
    return doc;
  }

  std::vector<UniqueKey> uniqueKeys(const Json& doc) const override {
    std::vector<UniqueKey> out;
    for (const auto& f : fields_) {
      auto at = doc.find(f.name);
      if (!f.rules.unique() || at == doc.end() || !at->is_string()) continue;
      out.push_back({f.name, at->get<std::string>(), {{f.name, *at}}});
    }
    if (rules_.composite_unique_size() > 0) {
      UniqueKey key;
      key.fields = Json::object();
      for (const auto& name : rules_.composite_unique()) {
        key.field += (key.field.empty() ? "" : "+") + name;
        key.fields[name] = doc.value(name, Json());
      }
      key.value = key.fields.dump(-1, ' ', false, Json::error_handler_t::replace);
      out.push_back(std::move(key));
    }
    return out;
  }

  std::vector<ForeignKey> foreignKeys(const Json& doc) const override {
    std::vector<ForeignKey> out;
    for (const auto& f : foreign_) {
      auto at = doc.find(f.field);
      if (at == doc.end() || !at->is_object() || !at->contains("id")) continue;
      const Json& id = (*at)["id"];
      if (id.is_string()) out.push_back({f.field, f.targetKind, id.get<std::string>(), f.onDelete});
    }
    return out;
  }

  Json describe() const override {
    return {{"fields", describeFields(fields_)}, {"entity_checks", describeChecks(rules_)}};
  }

 private:
  Json takeTtl(Json& body, Json& errors) const {
    auto at = supportsTtl() ? body.find("ttl") : body.end();
    if (at == body.end()) return nullptr;
    Json ttl = *at;
    body.erase(at);
    if (ttl.is_null()) return nullptr;
    bool fine = ttl.is_number() && ttl.get<double>() >= 0 && ttl.get<double>() <= kMaxTtl &&
                ttl.get<double>() == std::floor(ttl.get<double>());
    if (!fine) errors["ttl"] = "must be an integer between 0 and 100000000";
    return ttl;
  }

  /// Records merge deeply, all else as a whole.
  Json merged(const Json& stored, Json body) const {
    Json doc = stored.is_object() ? stored : Json::object();
    for (auto& [key, value] : body.items()) {
      if (key == "config" && value.is_object() && doc.contains(key) && doc[key].is_object()) {
        PluginConfig::merge(doc[key], value);
      } else {
        doc[key] = std::move(value);
      }
    }
    return doc;
  }

  void generate(WriteMode mode, Json& doc, double now) const {
    for (const auto& f : fields_) {
      if (!f.rules.auto_()) continue;
      const bool absent = !doc.contains(f.name);
      if (f.rules.type() == "uuid") {
        if (absent || doc[f.name].is_null()) doc[f.name] = makeUuid();
      } else if (f.rules.type() == "timestamp") {
        if (f.name == "updated_at" || absent || doc[f.name].is_null()) {
          doc[f.name] = static_cast<int64_t>(now);
        }
      } else if (absent && mode == WriteMode::kInsert) {
        doc[f.name] = randomAlphanumeric(32);
      }
    }
  }

  v1::EntityRules rules_;
  std::vector<Field> fields_;
  std::vector<ForeignField> foreign_;
};

}  // namespace

std::string Violations::message() const {
  std::vector<std::string> items;
  auto general = fields.find("@entity");
  if (general != fields.end()) {
    for (const auto& text : *general) items.push_back(text.get<std::string>());
  }
  for (const auto& [key, value] : fields.items()) {
    if (key == "@entity") continue;
    if (!value.is_structured()) {
      items.push_back(key + ": " + (value.is_string() ? value.get<std::string>() : value.dump()));
      continue;
    }
    size_t position = 0;
    for (const auto& [sub, error] : value.items()) {
      ++position;
      if (error.is_null()) continue;
      std::string place = value.is_array() ? std::to_string(position) : sub;
      items.push_back(key + "." + place + ": " +
                      (error.is_string() ? error.get<std::string>() : prettyTable(error, "")));
    }
  }
  std::string all;
  for (const auto& item : items) all += (all.empty() ? "" : "; ") + item;
  if (items.size() == 1) return "schema violation (" + all + ")";
  return fmt::format("{} schema violations ({})", items.size(), all);
}

const std::vector<const EntitySchema*>& EntitySchema::all() {
  static const auto& schemas = *new std::vector<const EntitySchema*>{
      new CompiledSchema(*gateway::v1::Service::descriptor()),
      new CompiledSchema(*gateway::v1::Route::descriptor()),
      new CompiledSchema(*gateway::v1::Consumer::descriptor()),
      new CompiledSchema(*gateway::v1::Plugin::descriptor()),
      new CompiledSchema(*gateway::v1::KeyAuthCredential::descriptor())};
  return schemas;
}

const EntitySchema* EntitySchema::find(std::string_view kind) {
  for (const auto* schema : all()) {
    if (schema->kind() == kind) return schema;
  }
  return nullptr;
}

}  // namespace tollgate::schema
