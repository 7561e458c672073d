#include "source/admin/schema_endpoints.h"

#include "source/admin/errors.h"
#include "source/schema/entity_schema.h"

namespace tollgate::admin {
namespace {

using schema::EntitySchema;

Reply noEntity(const std::string& name) { return message(404, "No entity named '" + name + "'"); }
Reply noPlugin(const std::string& name) { return message(404, "No plugin named '" + name + "'"); }

Reply describeEntity(Call& call) {
  if (call.params[0] == "tags") return Reply::of(200, schema::describeTags());
  const EntitySchema* schema = EntitySchema::find(call.params[0]);
  return schema ? Reply::of(200, schema->describe()) : noEntity(call.params[0]);
}

Reply describePlugin(Call& call) {
  Json body = schema::describePlugin(call.params[0]);
  return body.is_null() ? noPlugin(call.params[0]) : Reply::of(200, std::move(body));
}

Reply describeVault(Call& call) {
  Json body = schema::describeVault(call.params[0]);
  return body.is_null() ? message(404, "No vault named '" + call.params[0] + "'")
                        : Reply::of(200, std::move(body));
}

/// The older path: only the record "config".
Reply describePluginConfig(Call& call) {
  const Json whole = schema::describePlugin(call.params[0]);
  if (whole.is_null()) return noPlugin(call.params[0]);
  for (const auto& member : whole["fields"]) {
    auto config = member.find("config");
    if (config == member.end()) continue;
    Json body = {{"fields", (*config)["fields"]}, {"entity_checks", Json::array()}};
    if (config->contains("shorthand_fields"))
      body["shorthand_fields"] = (*config)["shorthand_fields"];
    return Reply::of(200, std::move(body));
  }
  return noPlugin(call.params[0]);
}

Reply validate(Call& call, const std::string& kind) {
  const EntitySchema* schema = EntitySchema::find(kind);
  if (!schema) return noEntity(kind);
  if (call.isForm) call.body = schema->coerce(std::move(call.body), nullptr);
  schema::Violations violations;
  schema->write(schema::WriteMode::kInsert, call.body, nullptr, call.now, violations);
  if (!violations.empty()) return violation(violations);
  return message(200, "schema validation successful");
}

}  // namespace

void addSchemaEndpoints(Paths& paths) {
  paths.add("/schemas/{name}", {{"GET", describeEntity}});
  paths.add("/schemas/plugins/{name}", {{"GET", describePlugin}});
  paths.add("/schemas/vaults/{name}", {{"GET", describeVault}});
  paths.add("/schemas/plugins/validate",
            {{"POST", [](Call& call) { return validate(call, "plugins"); }}});
  paths.add("/schemas/vaults/validate",
            {{"POST", [](Call& call) { return validate(call, "vaults"); }}});
  paths.add("/schemas/{db_entity_name}/validate",
            {{"POST", [](Call& call) { return validate(call, call.params[0]); }}});
  paths.add("/plugins/schema/{name}", {{"GET", describePluginConfig}});
}

}  // namespace tollgate::admin
