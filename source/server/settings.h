#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

namespace tollgate::server {

/// One documented setting. docs/settings.md is printed from these.
struct SettingSpec {
  enum class Type { kText, kFlag, kNumber, kList, kEnum };
  enum class Support {
    kYes,
    kNoEffect,  ///< Nothing here needs it, and nothing is lost without it; silently accepted.
    kNotYet,    ///< Changing it from the default warns.
    kNever,     ///< The same; nor is it planned.
  };
  const char* name;
  const char* fallback;
  Type type = Type::kText;
  Support support = Support::kYes;
  const char* about = "";    ///< What it does, or what is so in its place; a test asks for it.
  const char* choices = "";  ///< kEnum: "a, b, c"
  bool secret = false;
};

struct SettingGroup {
  const char* title;
  std::vector<SettingSpec> settings;
};

/// A directive of nginx, as Kong's settings pass them on, that means something here, or for which
/// there is nothing to do. Setting any other one warns.
struct DirectiveSpec {
  const char* name;
  bool honoured;
  const char* about;
};

/// The effective settings of the process: defaults, then a `name = value` file, then the
/// environment (KONG_NAME, then TOLLGATE_NAME), then overrides of the command line. KONG_NAME_FILE
/// gives the value in a file, as Docker's secrets have it. Immutable after load().
class Settings {
 public:
  using Environment = std::map<std::string, std::string>;

  /// `file` "" takes the first of the usual places that exists, if any.
  static Result<Settings> load(const std::string& file, const Environment& environment,
                               const std::map<std::string, std::string>& overrides);
  /// The same with the text of a file; `source` is its name in errors, "" for none.
  static Result<Settings> parse(std::string_view text, const std::string& source,
                                const Environment& environment,
                                const std::map<std::string, std::string>& overrides);
  static Environment processEnvironment();

  /// All settings: those of Kong, and our own.
  static const std::vector<SettingGroup>& groups();
  static const std::vector<SettingSpec>& specs();
  static const std::vector<DirectiveSpec>& directives();
  /// docs/settings.md: all of the above.
  static std::string page();

  /// Every accessor below wants a name that specs() lists. References to secrets
  /// ({vault://env/NAME}) are resolved.
  const std::string& text(std::string_view name) const;
  bool flag(std::string_view name) const;
  double number(std::string_view name) const;
  /// Trimmed, without empty items; empty if the first item is "off".
  std::vector<std::string> list(std::string_view name) const;
  /// The directive of nginx_<...> or `fallback`.
  std::string directive(std::string_view name, std::string_view fallback) const;

  /// What was set and could not be honoured, a line each, with its remedy.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& file() const { return file_; }
  /// All names with their values, for the Admin API and the record of a run; secrets included, but
  /// references to them as they were written.
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  Status readText(std::string_view text, const std::string& source);
  Status readEnvironment(const Environment& environment);
  Status readSecretFile(const std::string& variable, const std::string& path,
                        const std::string& key);
  /// Takes one setting or directive; false if there is none of that name.
  bool take(const std::string& name, std::string value);
  Status resolveReferences();
  Status check();
  Status checkValue(const SettingSpec& spec, std::string& value) const;
  void warn();

  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> directives_;
  std::map<std::string, std::string, std::less<>> resolved_;  ///< In place of references.
  std::set<std::string> unknown_;                             ///< As they were written.
  std::vector<std::string> warnings_;
  std::string file_;
};

/// "10m", "8k", "0", "1g" in bytes; nothing where the text is no size.
Result<uint64_t> parseBytes(std::string_view text);

}  // namespace tollgate::server
