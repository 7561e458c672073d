#include "source/schema/route_path.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "source/schema/characters.h"

namespace tollgate::schema {
namespace {

/// RE2 names a group (?P<name>…), PCRE also (?<name>…), which is how routes are written.
std::string namedGroupsForRe2(const std::string& pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool group = pattern.compare(i, 3, "(?<") == 0 && i + 3 < pattern.size() &&
                       pattern[i + 3] != '=' && pattern[i + 3] != '!';
    if (group) {
      out += "(?P<";
      i += 2;
    } else {
      out += pattern[i];
      if (pattern[i] == '\\' && i + 1 < pattern.size()) out += pattern[++i];
    }
  }
  return out;
}

/// The pattern of a regex path ("~/…") as the router runs it.
std::unique_ptr<RE2> compileForRouter(const std::string& path) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<RE2>("^" + namedGroupsForRe2(path.substr(1)), options);
}

/// What PCRE accepts and an engine of linear time cannot run: look-around and back-references.
bool isBeyondRe2(const RE2& regex) {
  return regex.error_code() == RE2::ErrorBadPerlOp || regex.error_code() == RE2::ErrorBadEscape;
}

std::string reasonOf(const RE2& regex) { return regex.error().substr(0, regex.error().find(": ")); }

std::string checkRegex(const std::string& path) {
  auto regex = compileForRouter(path);
  if (regex->ok() || isBeyondRe2(*regex)) return "";
  return fmt::format("invalid regex: '{0}' (PCRE returned: pcre_compile() failed: {1} in \"{0}\")",
                     path.substr(1), reasonOf(*regex));
}

}  // namespace

std::string checkEscapes(const std::string& v) {
  for (size_t i = v.find('%'); i != std::string::npos; i = v.find('%', i + 1)) {
    if (i + 2 >= v.size() || !isHex(v[i + 1]) || !isHex(v[i + 2])) {
      return fmt::format("invalid url-encoded value: '{}'", v.substr(i, 3));
    }
  }
  return "";
}

std::string checkRoutePath(const std::string& v) {
  if (v.starts_with("~/")) return checkRegex(v);
  if (v[0] != '/') return "should start with: / (fixed path) or ~/ (regex path)";
  if (v.find("//") != std::string::npos) return "must not have empty segments";
  std::string error = checkEscapes(v);
  if (!error.empty()) return error;
  std::string normal = normalizePath(v);
  if (normal != v) return fmt::format("non-normalized path, consider use '{}' instead", normal);
  return "";
}

std::string checkRouterRegex(const std::string& path) {
  if (!path.starts_with("~/")) return "";
  auto regex = compileForRouter(path);
  if (regex->ok() || !isBeyondRe2(*regex)) return "";
  return fmt::format(
      "Router Expression failed validation: {} in '{}'; look-around and back-references are not "
      "supported",
      reasonOf(*regex), path.substr(1));
}

std::string normalizePath(std::string_view path) {
  std::string decoded;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && isHex(path[i + 1]) && isHex(path[i + 2])) {
      unsigned char c = hexValue(path[i + 1]) * 16 + hexValue(path[i + 2]);
      if (c == '%' || c == 0 ||
          std::string_view("!*'();:@&=+$,/?#[]").find(c) != std::string_view::npos) {
        decoded += fmt::format("%{:02X}", c);
      } else {
        decoded += static_cast<char>(c);
      }
      i += 2;
    } else {
      decoded += path[i];
    }
  }
  std::vector<std::string> segments;
  bool directory = false;
  for (size_t start = 1; start <= decoded.size();) {
    size_t end = std::min(decoded.find('/', start), decoded.size());
    std::string segment = decoded.substr(start, end - start);
    directory = segment.empty() || segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!directory) segments.push_back(std::move(segment));
    start = end + 1;
  }
  std::string out;
  for (const auto& segment : segments) out += "/" + segment;
  if (directory || out.empty()) out += "/";
  return out;
}

}  // namespace tollgate::schema
