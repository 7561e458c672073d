#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/schema/entity_schema.h"
#include "source/schema/field.h"

namespace tollgate::schema {

/// The compiled `config` of one plugin. Immutable after start; any thread.
class PluginConfig {
 public:
  explicit PluginConfig(const google::protobuf::Descriptor& message);

  /// nullptr where this build has no such plugin.
  static const PluginConfig* find(std::string_view name);
  static const std::vector<PluginConfig>& all();
  /// The plugin that `doc` names; nullptr after reporting an error on `name`.
  static const PluginConfig* select(const Json& doc, Json& errors);
  /// A PATCH's config into the stored one, records deeply.
  static void merge(Json& stored, const Json& change);

  const v1::EntityRules& rules() const { return rules_; }
  const Fields& fields() const { return fields_; }
  void coerce(Json& config) const;
  /// Fills in defaults, then validates doc["config"], scopes and the plugin's own checks.
  void check(WriteMode mode, Json& doc, Json& errors) const;
  /// Nulls for what is absent.
  void complete(Json& doc) const;
  /// For an answer: sets the older names of fields to the values of the new ones. What is kept has
  /// every value once.
  void mirror(Json& config) const;
  /// Hides the secrets, also under the older names.
  void mask(Json& config) const;
  Json describe() const;

 private:
  /// What the plugin can be bound to, which is its default as well.
  Json protocols() const;
  void checkProtocols(const Json& doc, Json& errors) const;
  void takeShorthands(Json& config, Json& errors) const;

  v1::EntityRules rules_;
  Fields fields_;
};

}  // namespace tollgate::schema
