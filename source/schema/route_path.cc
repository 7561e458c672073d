#include "source/schema/route_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "source/base/percent.h"
#include "source/base/regex.h"

namespace tollgate::schema {
namespace {

/// What the router runs of a regex path ("~/…").
std::string_view regexOf(std::string_view path) { return path.substr(1); }

std::string checkRegex(const std::string& path) {
  Regex::Problem problem;
  if (Regex::compile(regexOf(path), &problem) != nullptr) return "";
  switch (problem.fault) {
    case RegexFault::kUnsupported:
      return "";  // PCRE takes it: checkRouterRegex() says why the router cannot
    case RegexFault::kTooLarge:
      return fmt::format("invalid regex: '{}' (too large: repeat less, or use several paths)",
                         regexOf(path));
    case RegexFault::kSyntax:
      break;
  }
  return fmt::format("invalid regex: '{0}' (PCRE returned: pcre_compile() failed: {1} in \"{0}\")",
                     regexOf(path), problem.reason);
}

}  // namespace

std::string checkEscapes(const std::string& v) {
  for (size_t i = v.find('%'); i != std::string::npos; i = v.find('%', i + 1)) {
    if (escapedByte(v, i) < 0) {
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
  Regex::Problem problem;
  if (Regex::compile(regexOf(path), &problem) != nullptr) return "";
  if (problem.fault != RegexFault::kUnsupported) return "";
  return fmt::format(
      "Router Expression failed validation: {} in '{}'; look-around and back-references are not "
      "supported",
      problem.reason, regexOf(path));
}

std::string normalizePath(std::string_view path) {
  std::string decoded;
  for (size_t i = 0; i < path.size(); ++i) {
    if (const int byte = escapedByte(path, i); byte >= 0) {
      const auto c = static_cast<unsigned char>(byte);
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
