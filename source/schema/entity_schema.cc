#include "source/schema/entity_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <optional>

#include "source/crypto/secret.h"
#include "source/schema/checks.h"
#include "source/schema/describe.h"
#include "source/schema/field.h"
#include "source/schema/kind_rules.h"
#include "source/schema/plugin_config.h"
#include "source/schema/rules.h"
#include "source/schema/stored_doc.h"
#include "tollgate/gateway/v1/acl.pb.h"
#include "tollgate/gateway/v1/basicauth_credential.pb.h"
#include "tollgate/gateway/v1/ca_certificate.pb.h"
#include "tollgate/gateway/v1/certificate.pb.h"
#include "tollgate/gateway/v1/consumer.pb.h"
#include "tollgate/gateway/v1/hmacauth_credential.pb.h"
#include "tollgate/gateway/v1/jwt_secret.pb.h"
#include "tollgate/gateway/v1/key.pb.h"
#include "tollgate/gateway/v1/key_set.pb.h"
#include "tollgate/gateway/v1/keyauth_credential.pb.h"
#include "tollgate/gateway/v1/listener.pb.h"
#include "tollgate/gateway/v1/plugin.pb.h"
#include "tollgate/gateway/v1/route.pb.h"
#include "tollgate/gateway/v1/service.pb.h"
#include "tollgate/gateway/v1/sni.pb.h"
#include "tollgate/gateway/v1/tag.pb.h"
#include "tollgate/gateway/v1/target.pb.h"
#include "tollgate/gateway/v1/upstream.pb.h"
#include "tollgate/gateway/v1/vault.pb.h"

namespace tollgate::schema {
namespace {

constexpr const char* kTtlMember = "ttl_expires_at";
constexpr double kMaxTtl = 100000000;

/// A member's name as it stands in such a table: in brackets where it is no plain name.
std::string tableKey(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
  return plain && std::isdigit(static_cast<unsigned char>(name[0])) == 0 ? name
                                                                         : "[\"" + name + "\"]";
}

/// The most "=" between two like brackets ("]]", "[==["), counting as if one "]" more followed; -1
/// where there are no such brackets.
int longestBracket(std::string_view text) {
  int most = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '[' && text[i] != ']') continue;
    size_t end = i + 1;
    while (end < text.size() && text[end] == '=') ++end;
    const char closing = end < text.size() ? text[end] : ']';
    if (closing == text[i]) most = std::max(most, static_cast<int>(end - i - 1));
  }
  return most;
}

/// A text as Lua source, which is how clients get what lies deep: in quotes, or in long brackets
/// where it has lines or brackets of its own.
std::string quotedText(const std::string& text) {
  const int bracket = longestBracket(text);
  const bool lines = text.find('\n') != std::string::npos;
  if ((lines || bracket >= 0) && text.find('\r') == std::string::npos) {
    const std::string equals(static_cast<size_t>(bracket + 1), '=');
    return "[" + equals + "[" + (text[0] == '\n' ? "\n" : "") + text + "]" + equals + "]";
  }
  std::string out = "\"";
  for (char c : text) {
    if (c == '\r') {
      out += "\\r";
      continue;
    }
    if (c == '"' || c == '\\' || c == '\n') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// A nested error value as the Admin API prints what lies deeper than one level.
std::string prettyTable(const Json& value, const std::string& indent) {
  if (value.is_string()) return quotedText(value.get<std::string>());
  if (!value.is_structured()) return value.dump();
  std::string out = "{\n", separator;
  for (const auto& [key, item] : value.items()) {
    out += separator + indent + "  " + (value.is_object() ? tableKey(key) + " = " : "") +
           prettyTable(item, indent + "  ");
    separator = ",\n";
  }
  return out + "\n" + indent + "}";
}

std::optional<AtRest> atRestOf(const Rules& rules) {
  if (rules.at_rest() == "digest") return AtRest::kDigest;
  if (rules.at_rest() == "password") return AtRest::kPassword;
  if (rules.at_rest() == "sealed") return AtRest::kSealed;
  return {};
}

void collectAtRest(const Fields& fields, const std::string& record, const std::string& plugin,
                   std::vector<AtRestField>& out) {
  for (const Field& f : fields) {
    if (auto how = atRestOf(f.rules)) out.push_back({record + f.name, *how, plugin});
    collectAtRest(f.fields, record + f.name + ".", plugin, out);
  }
}

void collectReferences(const Fields& fields, const std::string& record, const std::string& plugin,
                       std::vector<FieldPath>& out) {
  for (const Field& f : fields) {
    if (f.rules.referenceable()) out.push_back({record + f.name, plugin});
    collectReferences(f.fields, record + f.name + ".", plugin, out);
  }
}

/// The member that a dotted name leads to; nullptr where there is none.
template <typename AnyJson>
AnyJson* memberAt(AnyJson& doc, std::string_view path) {
  AnyJson* at = &doc;
  while (at->is_object()) {
    size_t dot = path.find('.');
    auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end()) return nullptr;
    at = &*found;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

PathNames namesOf(const v1::EntityRules& rules) {
  const v1::PathNames& given = rules.paths();
  PathNames out;
  out.collection = given.collection().empty() ? rules.kind() : given.collection();
  out.nested = given.nested().empty() ? out.collection : given.nested();
  out.plugin = given.plugin();
  out.duplicateIdIsOnKey = given.duplicate_id_is_on_key();
  out.withoutPath = given.without_path();
  return out;
}

class CompiledSchema : public EntitySchema {
 public:
  explicit CompiledSchema(const google::protobuf::Descriptor& message)
      : rules_(message.options().GetExtension(v1::entity)),
        steps_(kindRules(rules_.kind())),
        fields_(compileFields(message)),
        pathNames_(namesOf(rules_)) {
    collectAtRest(fields_, "", "", atRest_);
    collectReferences(fields_, "", "", references_);
    if (kind() == "plugins") {
      for (const PluginConfig& plugin : PluginConfig::all()) {
        collectAtRest(plugin.fields(), "config.", plugin.rules().plugin(), atRest_);
        collectReferences(plugin.fields(), "config.", plugin.rules().plugin(), references_);
      }
    }
    for (const auto& f : fields_) {
      if (f.type != Field::Type::kForeign) continue;
      foreign_.push_back(
          {f.name, f.rules.reference(),
           f.rules.cascade() ? ForeignKey::OnDelete::kCascade : ForeignKey::OnDelete::kRestrict});
    }
  }

  const std::string& kind() const override { return rules_.kind(); }
  const std::string& endpointKey() const override { return rules_.endpoint_key(); }
  const std::string& ownedKey() const override { return rules_.owned_key(); }
  bool hasOwnPaths() const override { return rules_.part_of().empty(); }
  const PathNames& pathNames() const override { return pathNames_; }
  const std::string& foundBy() const override { return rules_.found_by(); }
  const std::vector<ForeignField>& foreignFields() const override { return foreign_; }
  bool supportsTtl() const override { return rules_.ttl(); }
  bool isSecret(std::string_view field) const override {
    return std::any_of(fields_.begin(), fields_.end(),
                       [&](const Field& f) { return f.name == field && f.rules.secret(); });
  }
  const std::vector<AtRestField>& atRestFields() const override { return atRest_; }
  const std::vector<FieldPath>& referenceFields() const override { return references_; }

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
    run(steps_.takeBody, body, errors);
    if (!errors.empty()) return body;
    Json ttl = takeTtl(body, errors);
    if (!errors.empty()) return body;
    Json doc = mode == WriteMode::kUpdate ? merged(stored, std::move(body)) : std::move(body);
    const PluginConfig* plugin = nullptr;
    if (kind() == "plugins") {
      plugin = PluginConfig::select(doc, errors);
      if (!plugin) return doc;
    }
    run(steps_.prepare, doc, errors);
    if (!errors.empty()) return doc;
    generate(mode, doc, now);
    if (plugin != nullptr && mode == WriteMode::kInsert && !doc.contains("protocols")) {
      doc["protocols"] = plugin->protocols();
    }
    if (mode == WriteMode::kInsert) fillDefaults(fields_, doc);
    const Json hidden = doc.value(kTtlMember, Json());
    doc.erase(kTtlMember);
    errors = checkRecord(fields_, doc);
    if (plugin) plugin->check(mode, doc, errors);
    runChecks(rules_, mode, doc, errors);
    run(steps_.check, doc, errors);
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
      if (!f.rules.unique()) continue;
      auto at = doc.find(f.name);
      if (at == doc.end() || !at->is_string()) continue;
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

  static void run(KindRules::Step step, Json& doc, Json& errors) {
    if (step != nullptr) step(doc, errors);
  }

  Json merged(const Json& stored, Json body) const {
    Json doc = stored.is_object() ? stored : Json::object();
    if (kind() == "plugins" && body.contains("config") && body["config"].is_object() &&
        doc.value("config", Json()).is_object()) {
      PluginConfig::merge(doc["config"], body["config"]);
      body.erase("config");
    }
    mergeRecord(fields_, doc, std::move(body));
    return doc;
  }

  void generate(WriteMode mode, Json& doc, double now) const {
    for (const auto& f : fields_) {
      if (!f.rules.auto_()) continue;
      const bool absent = !doc.contains(f.name);
      if (f.rules.type() == "uuid") {
        if (absent || doc[f.name].is_null()) doc[f.name] = crypto::randomUuid();
      } else if (f.rules.type() == "timestamp") {
        if (f.name == "updated_at" || absent || doc[f.name].is_null()) {
          const bool seconds = f.type == Field::Type::kInteger;
          doc[f.name] = seconds ? Json(static_cast<int64_t>(now)) : Json(toMillisecond(now));
        }
      } else if (absent && mode == WriteMode::kInsert) {
        doc[f.name] = makeSecret();
      }
    }
  }

  static double toMillisecond(double now) { return std::round(now * 1000) / 1000; }

  v1::EntityRules rules_;
  const KindRules& steps_;
  Fields fields_;
  PathNames pathNames_;
  std::vector<ForeignField> foreign_;
  std::vector<AtRestField> atRest_;
  std::vector<FieldPath> references_;
};

}  // namespace

const std::string* FieldPath::in(const Json& doc) const {
  if (!plugin.empty()) {
    const Json* name = memberAt(doc, "name");
    if (name == nullptr || *name != plugin) return nullptr;
  }
  const Json* at = memberAt(doc, field);
  return at != nullptr && at->is_string() ? at->get_ptr<const std::string*>() : nullptr;
}

void FieldPath::set(Json& doc, std::string text) const {
  if (Json* at = memberAt(doc, field)) *at = std::move(text);
}

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
  namespace gw = gateway::v1;
  static const auto& schemas = *new std::vector<const EntitySchema*>{
      new CompiledSchema(*gw::Certificate::descriptor()),
      new CompiledSchema(*gw::CaCertificate::descriptor()),
      new CompiledSchema(*gw::Vault::descriptor()),
      new CompiledSchema(*gw::KeySet::descriptor()),
      new CompiledSchema(*gw::Service::descriptor()),
      new CompiledSchema(*gw::Upstream::descriptor()),
      new CompiledSchema(*gw::Route::descriptor()),
      new CompiledSchema(*gw::Consumer::descriptor()),
      new CompiledSchema(*gw::Plugin::descriptor()),
      new CompiledSchema(*gw::KeyAuthCredential::descriptor()),
      new CompiledSchema(*gw::BasicAuthCredential::descriptor()),
      new CompiledSchema(*gw::HmacAuthCredential::descriptor()),
      new CompiledSchema(*gw::JwtSecret::descriptor()),
      new CompiledSchema(*gw::Acl::descriptor()),
      new CompiledSchema(*gw::Sni::descriptor()),
      new CompiledSchema(*gw::Target::descriptor()),
      new CompiledSchema(*gw::Key::descriptor()),
      new CompiledSchema(*gw::Listener::descriptor())};
  return schemas;
}

Json describeVault(std::string_view name) {
  if (name != "env") return nullptr;
  const Json vault = EntitySchema::find("vaults")->describe();
  Json fields = Json::array();
  for (const auto& field : vault["fields"]) {
    if (field.contains("config")) fields.push_back(field);
  }
  return {{"fields", std::move(fields)}, {"entity_checks", Json::array()}};
}

Json describeTags() {
  return {{"fields", describeFields(compileFields(*gateway::v1::Tag::descriptor()))},
          {"entity_checks", Json::array()}};
}

Violations checkTags(Json row) {
  static const auto& fields = *new Fields(compileFields(*gateway::v1::Tag::descriptor()));
  if (!row.contains("entity_id")) row["entity_id"] = crypto::randomUuid();
  Violations out;
  out.fields = checkRecord(fields, row);
  if (out.empty()) out.fields["@entity"] = {"tags are written with the entities that bear them"};
  return out;
}

const EntitySchema* EntitySchema::find(std::string_view kind) {
  for (const auto* schema : all()) {
    if (schema->kind() == kind) return schema;
  }
  return nullptr;
}

}  // namespace tollgate::schema
