#include "filters/http/cors/origins.h"

#include <algorithm>

#include "source/base/ascii.h"

namespace tollgate::filters::cors {
namespace {

bool standsInOrigins(char c) {
  const char lower = lowerByte(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view(".:/-").find(c) != std::string_view::npos;
}

bool isPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), standsInOrigins);
}

bool isUsualPort(std::string_view scheme, std::string_view port) {
  return (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
}

/// As clients of Kong write expressions: anchored at both ends, whether or not they say so.
std::string anchored(std::string_view pattern) {
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  std::string out(pattern);
  if (!out.ends_with('$')) out += '$';
  return out;
}

}  // namespace

NormalOrigin normalize(std::string_view origin, Arena& arena) {
  const size_t slashes = origin.find("//");
  const bool bare = slashes == 0;
  if (slashes == std::string_view::npos || (!bare && origin[slashes - 1] != ':')) {
    return {origin, {}};
  }
  const std::string_view scheme = bare ? std::string_view() : origin.substr(0, slashes - 1);
  std::string_view authority = origin.substr(slashes + 2);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const size_t user = authority.find('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  std::string_view host = authority, port;
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (isUsualPort(scheme, port)) authority = host;
  }
  if (host.empty()) return {origin, {}};
  if (bare) return {authority, host};
  const std::string_view start = origin.substr(0, slashes + 2);
  if (start.end() == authority.begin()) {  // in one piece
    return {origin.substr(0, start.size() + authority.size()), host};
  }
  return {arena.concat(start, authority), host};
}

Origins::Entry Origins::compile(const std::string& text) {
  if (text == "*") return {Entry::Kind::kEverybody, {}, {}};
  if (isPlain(text)) {
    Arena arena;
    return {Entry::Kind::kPlain, std::string(normalize(text, arena).text), {}};
  }
  const bool ofHost = text.find(':') == std::string::npos;
  return {ofHost ? Entry::Kind::kRegexOfHost : Entry::Kind::kRegexOfOrigin, text,
          Regex::compile(anchored(text))};
}

Origins::Origins(std::vector<std::string> entries) {
  everybody_ = entries.empty() || (entries.size() == 1 && entries[0] == "*");
  if (everybody_) return;
  if (entries.size() == 1 && isPlain(entries[0])) {
    only_ = std::move(entries[0]);
    return;
  }
  for (const std::string& text : entries) entries_.push_back(compile(text));
}

bool Origins::matches(const Entry& entry, const NormalOrigin& origin) {
  switch (entry.kind) {
    case Entry::Kind::kEverybody:
      return true;
    case Entry::Kind::kPlain:
      return entry.text == origin.text;
    case Entry::Kind::kRegexOfHost:
    case Entry::Kind::kRegexOfOrigin:
      break;
  }
  const bool ofHost = entry.kind == Entry::Kind::kRegexOfHost && !origin.host.empty();
  size_t taken = 0;
  return entry.regex != nullptr &&
         entry.regex->matchStart(ofHost ? origin.host : origin.text, taken);
}

Decision Origins::decide(std::string_view origin, Arena& arena) const {
  if (everybody_) return {"*", false, true};
  if (!only_.empty()) return {only_, true, false};
  if (origin.empty() || origin.size() > kMostOrigin) return {{}, true, false};
  const NormalOrigin normal = normalize(origin, arena);
  for (const Entry& entry : entries_) {
    if (entry.kind == Entry::Kind::kEverybody) return {"*", true, true};
    if (matches(entry, normal)) return {normal.text, true, false};
  }
  return {{}, true, false};
}

}  // namespace tollgate::filters::cors
