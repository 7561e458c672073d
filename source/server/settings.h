#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

namespace tollgate::server {

/// One documented setting.
struct SettingSpec {
  enum class Type { kText, kFlag, kNumber, kList, kEnum };
  enum class Support {
    kYes,
    kNoEffect,  ///< Has no meaning in this architecture; silently accepted.
    kNotYet,    ///< Changing it from the default warns.
  };
  const char* name;
  const char* fallback;
  Type type = Type::kText;
  Support support = Support::kYes;
  const char* choices = "";  ///< kEnum: "a, b, c"
  bool secret = false;
};

/// The effective settings of the process: defaults, then a `name = value` file, then the
/// environment (KONG_NAME, then TOLLGATE_NAME), then overrides of the command line. Immutable after
/// load().
class Settings {
 public:
  using Environment = std::map<std::string, std::string>;

  /// `file` "" takes the first of the usual places that exists, if any.
  static Result<Settings> load(const std::string& file, const Environment& environment,
                               const std::map<std::string, std::string>& overrides);
  static Environment processEnvironment();
  static const std::vector<SettingSpec>& specs();

  /// Every accessor below wants a name that specs() lists.
  const std::string& text(std::string_view name) const;
  bool flag(std::string_view name) const;
  double number(std::string_view name) const;
  /// Trimmed, without empty items; empty if the first item is "off".
  std::vector<std::string> list(std::string_view name) const;
  /// The directive of nginx_<...> or `fallback`.
  std::string directive(std::string_view name, std::string_view fallback) const;

  /// Names whose value could not be honoured, each with its remedy.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& file() const { return file_; }
  /// All names with their values, for the Admin API and the record of a run; secrets included.
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  Status readFile(const std::string& path);
  Status check();
  void warn();

  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> directives_;
  std::vector<std::string> warnings_;
  std::string file_;
};

/// "10m", "8k", "0", "1g" in bytes; nothing where the text is no size.
Result<uint64_t> parseBytes(std::string_view text);

}  // namespace tollgate::server
