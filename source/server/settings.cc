#include "source/server/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "source/base/read_file.h"
#include "source/base/trim.h"
#include "source/server/setting_checks.h"
#include "source/server/setting_names.h"
#include "source/server/setting_references.h"

extern char** environ;

namespace tollgate::server {
namespace {

using Type = SettingSpec::Type;
using Support = SettingSpec::Support;

/// More than any file of settings, secret or declarative text that is meant.
constexpr size_t kLongestFile = size_t{256} << 20;

std::string trimmed(std::string_view text) {
  return std::string(tollgate::trimmed(text, kWhiteSpace));
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool isNumber(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && std::isfinite(value);
}

/// "on", "off", or "" where the text is neither.
std::string flagOf(const std::string& text) {
  const std::string value = lower(text);
  if (value == "on" || value == "true") return "on";
  return value == "off" || value == "false" ? "off" : "";
}

const SettingSpec* find(std::string_view name) {
  for (const SettingSpec& spec : Settings::specs()) {
    if (name == spec.name) return &spec;
  }
  return nullptr;
}

/// A line's value up to a comment; "\#" stands for a literal number sign.
std::string withoutComment(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '#') {
      out += text[++i];
    } else if (text[i] == '#') {
      break;
    } else {
      out += text[i];
    }
  }
  return trimmed(out);
}

}  // namespace

const std::vector<SettingSpec>& Settings::specs() {
  static const std::vector<SettingSpec> kSpecs = [] {
    std::vector<SettingSpec> out;
    for (const SettingGroup& group : groups()) {
      out.insert(out.end(), group.settings.begin(), group.settings.end());
    }
    return out;
  }();
  return kSpecs;
}

Settings::Environment Settings::processEnvironment() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (!text.starts_with("KONG_") && !text.starts_with("TOLLGATE_") &&
        !text.starts_with("HOME=")) {
      continue;
    }
    out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

bool Settings::take(const std::string& name, std::string value) {
  if (find(name) != nullptr) {
    values_[name] = std::move(value);
  } else if (isDirective(name)) {
    directives_[name] = std::move(value);
  } else {
    return false;
  }
  return true;
}

Status Settings::readText(std::string_view text, const std::string& source) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  int number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto place = [&] { return source + ":" + std::to_string(number); };
    const size_t equals = line.find('=');
    if (equals == std::string::npos) return Error::invalid("expected `name = value`", place());
    if (line.find('\0') != std::string::npos) return Error::invalid("has a NUL byte", place());
    const std::string name = lower(trimmed(std::string_view(line).substr(0, equals)));
    std::string value = withoutComment(std::string_view(line).substr(equals + 1));
    // Nothing after the equals sign leaves the default, but a directive may well be empty.
    if (value.empty() && find(name) != nullptr) continue;
    if (!take(name, std::move(value))) unknown_.insert(name);
  }
  return {};
}

Status Settings::readSecretFile(const std::string& variable, const std::string& path,
                                const std::string& key) {
  auto text = readFile(path, {.bytes = kLongestFile});
  if (!text) return Error::invalid("cannot read '" + path + "': " + text.error().message, variable);
  if (text->find('\0') != std::string::npos) {
    return Error::invalid("'" + path + "' has a NUL byte", variable);
  }
  take(key, trimmed(*text));
  return {};
}

Status Settings::readEnvironment(const Environment& environment) {
  constexpr std::string_view kFile = "_file";
  for (std::string_view prefix : {"KONG_", "TOLLGATE_"}) {
    for (const auto& [name, value] : environment) {
      if (!name.starts_with(prefix)) continue;
      const std::string key = lower(name.substr(prefix.size()));
      if (take(key, trimmed(value))) continue;
      const std::string stem = key.substr(0, key.size() - std::min(key.size(), kFile.size()));
      if (!key.ends_with(kFile) || find(stem) == nullptr) {
        if (!isForeign(key, value)) unknown_.insert(name);
        continue;
      }
      if (value.empty()) continue;
      const std::string plain = name.substr(0, name.size() - kFile.size());
      auto other = environment.find(plain);
      if (other != environment.end() && !other->second.empty()) {
        return Error::invalid("both " + plain + " and " + name + " are set; set one of them");
      }
      if (Status read = readSecretFile(name, value, stem); !read) return read;
    }
  }
  return {};
}

Result<Settings> Settings::load(const std::string& file, const Environment& environment,
                                const std::map<std::string, std::string>& overrides) {
  std::string path = file;
  for (const char* usual : {"/etc/kong/kong.conf", "/etc/kong.conf"}) {
    if (path.empty() && ::access(usual, R_OK) == 0) path = usual;
  }
  if (path.empty()) return parse("", "", environment, overrides);
  auto text = readFile(path, {.bytes = kLongestFile});
  if (!text) {
    if (text.error().kind == Error::Kind::kNotFound) {
      return Error::invalid("no file at: " + path);
    }
    return Error::invalid("cannot be read: " + text.error().message, path);
  }
  return parse(*text, path, environment, overrides);
}

Result<Settings> Settings::parse(std::string_view text, const std::string& source,
                                 const Environment& environment,
                                 const std::map<std::string, std::string>& overrides) {
  Settings settings;
  settings.file_ = source;
  for (const SettingSpec& spec : specs()) settings.values_[spec.name] = spec.fallback;
  if (Status read = settings.readText(text, source); !read) return read.error();
  if (Status read = settings.readEnvironment(environment); !read) return read.error();
  for (const auto& [name, value] : overrides) settings.values_[name] = value;
  if (settings.values_["prefix"].empty()) {
    auto home = environment.find("HOME");
    bool known = home != environment.end() && !home->second.empty();
    settings.values_["prefix"] = known ? home->second + "/.tollgate" : "/var/lib/tollgate";
  }
  if (Status resolved = settings.resolveReferences(); !resolved) return resolved.error();
  if (Status checked = settings.check(); !checked) return checked.error();
  settings.warn();
  return settings;
}

Status Settings::checkValue(const SettingSpec& spec, std::string& value) const {
  auto bad = [&](const char* type, const char* hint) {
    return Error::invalid(std::string(spec.name) + " is not a " + type + ": '" + value + "'" +
                          hint);
  };
  // A variable that is set to nothing is one that is not set; lists can be empty.
  if (value.empty() && spec.type != Type::kList) value = spec.fallback;
  switch (spec.type) {
    case Type::kFlag: {
      std::string flag = flagOf(value);
      if (flag.empty()) return bad("boolean", " (on, off, true, false)");
      value = std::move(flag);
      return {};
    }
    case Type::kNumber:
      if (value.empty()) return {};
      if (!isNumber(value)) {
        const bool link = value.starts_with("tcp://") || value.starts_with("udp://");
        return bad("number", link ? " (Kubernetes sets such a variable for a service of that "
                                    "name: set enableServiceLinks: false, or the variable)"
                                  : "");
      }
      if (std::strtod(value.c_str(), nullptr) < 0) {
        return Error::invalid(std::string(spec.name) + " must be 0 or greater: '" + value + "'");
      }
      return {};
    case Type::kEnum: {
      const std::string choices = ", " + std::string(spec.choices) + ", ";
      if (value.find(',') != std::string::npos ||
          choices.find(", " + value + ", ") == std::string::npos) {
        const bool hybrid = std::string_view(spec.name) == "role";
        return Error::invalid(std::string(spec.name) + " has an invalid value: '" + value + "' (" +
                              spec.choices + ")" + (hybrid ? std::string("; ") + spec.about : ""));
      }
      return {};
    }
    default:
      return {};
  }
}

Status Settings::resolveReferences() {
  for (const SettingSpec& spec : specs()) {
    const std::string& value = values_[spec.name];
    if (value.find("{vault://") == std::string::npos) continue;
    auto resolved =
        dereference(value, spec.type == SettingSpec::Type::kList, values_["vault_env_prefix"]);
    if (!resolved) {
      return Error::invalid(resolved.error().message + " for config option '" + spec.name + "'");
    }
    if (*resolved != value) resolved_[spec.name] = std::move(resolved).value();
  }
  return {};
}

Status Settings::check() {
  for (const SettingSpec& spec : specs()) {
    auto secret = resolved_.find(spec.name);
    const bool known = secret == resolved_.end();
    if (Status checked = checkValue(spec, known ? values_[spec.name] : secret->second); !checked) {
      if (known) return checked;
      return Error::invalid(std::string(spec.name) + ": what " + values_[spec.name] +
                            " stands for is not a value of this setting");
    }
  }
  return checkSettings(*this);
}

void Settings::warn() {
  for (const SettingSpec& spec : specs()) {
    const std::string& value = values_[spec.name];
    if (spec.support == Support::kYes || spec.support == Support::kNoEffect) continue;
    if (value == spec.fallback || value == "off" || value.empty()) continue;
    warnings_.push_back(std::string(spec.name) + " is not supported" +
                        (spec.support == Support::kNotYet ? " yet" : "") +
                        " and has no effect: " + spec.about);
  }
  for (std::string& doubt : doubtfulSettings(*this)) warnings_.push_back(std::move(doubt));
  std::vector<std::string> foreign;
  for (const auto& [name, value] : directives_) {
    if (!isKnownDirective(name)) foreign.push_back(name);
  }
  if (!foreign.empty()) {
    warnings_.push_back("directives of nginx without an equivalent here have no effect: " +
                        joined(foreign));
  }
  if (std::string line = unknownLine(unknown_); !line.empty()) warnings_.push_back(std::move(line));
}

const std::string& Settings::text(std::string_view name) const {
  if (auto secret = resolved_.find(name); secret != resolved_.end()) return secret->second;
  auto found = values_.find(name);
  if (found == values_.end()) std::abort();  // a name that specs() does not list
  return found->second;
}

bool Settings::flag(std::string_view name) const { return text(name) == "on"; }

double Settings::number(std::string_view name) const {
  return std::strtod(text(name).c_str(), nullptr);
}

std::vector<std::string> Settings::list(std::string_view name) const {
  std::vector<std::string> out;
  std::string_view rest = text(name);
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string item = trimmed(rest.substr(0, comma));
    if (!item.empty()) out.push_back(std::move(item));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  if (!out.empty() && out.front() == "off") out.clear();
  return out;
}

std::string Settings::directive(std::string_view name, std::string_view fallback) const {
  auto found = directives_.find(name);
  return found == directives_.end() ? std::string(fallback) : found->second;
}

Result<uint64_t> parseBytes(std::string_view text) {
  std::string copy(text);
  char* end = nullptr;
  uint64_t value = std::strtoull(copy.c_str(), &end, 10);
  if (copy.empty() || end == copy.c_str() || copy.front() == '-') {
    return Error::invalid("is not a size: '" + copy + "' (such as 10m, 64k or 0)");
  }
  std::string unit = lower(end);
  uint64_t scale = unit.empty()  ? 1
                   : unit == "k" ? 1024
                   : unit == "m" ? 1 << 20
                   : unit == "g" ? 1 << 30
                                 : 0;
  if (scale == 0 || value > (uint64_t{1} << 40)) {
    return Error::invalid("is not a size: '" + copy + "' (such as 10m, 64k or 0)");
  }
  return value * scale;
}

}  // namespace tollgate::server
