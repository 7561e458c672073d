#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "source/schema/entity_schema.h"
#include "source/schema/field.h"

namespace tollgate::schema {

/// The compiled `config` of one plugin, or of a filter that stands in listeners only. Immutable
/// after start; any thread.
class PluginConfig {
 public:
  /// What is wrong with a config beyond the rules of its fields; "" if nothing.
  using Check = std::string (*)(const Json& config);

  /// Makes a configuration known by the name in its message's options; at start, before anything
  /// asks for a schema and before other threads are. A name that is known stays as it is.
  static void add(const google::protobuf::Descriptor& message, Check check);

  /// nullptr where this build has no such plugin.
  static const PluginConfig* find(std::string_view name);
  /// The same with the filters that are no plugins.
  static const PluginConfig* findFilter(std::string_view name);
  /// The plugins, in the order in which they were added.
  static const std::deque<PluginConfig>& all();
  /// The plugin that `doc` names; nullptr after reporting an error on `name`.
  static const PluginConfig* select(const Json& doc, Json& errors);
  /// A PATCH's config into the stored one, records deeply.
  static void merge(Json& stored, const Json& change);

  /// Of the plugin or the filter.
  const std::string& name() const;
  const v1::EntityRules& rules() const { return rules_; }
  const Fields& fields() const { return fields_; }
  /// What the plugin is bound to by default, and can be, unless it takes every protocol.
  Json protocols() const;
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
  PluginConfig(const google::protobuf::Descriptor& message, Check check);
  void checkProtocols(const Json& doc, Json& errors) const;
  void takeShorthands(Json& config, Json& errors) const;

  v1::EntityRules rules_;
  Fields fields_;
  Check check_;
};

}  // namespace tollgate::schema
