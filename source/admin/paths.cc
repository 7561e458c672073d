#include "source/admin/paths.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "source/base/percent.h"
#include "source/schema/rules.h"

namespace tollgate::admin {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (!path.empty() && path.back() == '/')
    path.remove_suffix(1);
  else if (path.empty())
    return out;
  while (true) {
    size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool isParam(std::string_view segment) { return !segment.empty() && segment.front() == '{'; }

bool namesBySecret(const schema::EntitySchema* schema, std::string_view param) {
  if (schema == nullptr || schema::isUuid(param)) return false;
  const auto& fields = schema->atRestFields();
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return field.field == schema->endpointKey(); });
}

}  // namespace

std::string Endpoint::allow() const {
  std::vector<std::string> names = {"OPTIONS"};
  for (const auto& [method, handler] : methods) names.push_back(method);
  if (methods.contains("GET")) names.push_back("HEAD");
  std::sort(names.begin(), names.end());
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string Endpoint::pathOf(const Call& call) const {
  std::string out;
  size_t param = 0;
  for (const std::string& segment : segments) {
    out += '/';
    if (!isParam(segment)) {
      out += segment;
      continue;
    }
    const auto* schema = schema::EntitySchema::find(segment.substr(1, segment.size() - 2));
    out += namesBySecret(schema, call.params[param]) ? "***" : call.rawParams[param];
    ++param;
  }
  return out;
}

void Paths::add(std::string pattern, std::map<std::string, Handler> methods) {
  Endpoint endpoint;
  for (std::string_view segment : split(pattern)) endpoint.segments.emplace_back(segment);
  endpoint.pattern = std::move(pattern);
  endpoint.methods = std::move(methods);
  for (Endpoint& known : endpoints_) {
    if (known.segments != endpoint.segments) continue;
    endpoint.methods.merge(known.methods);
    known.methods = std::move(endpoint.methods);
    return;
  }
  // A literal segment sorts before a parameter ('{' is above all letters), so the first match is
  // the most specific one.
  auto at = std::upper_bound(
      endpoints_.begin(), endpoints_.end(), endpoint,
      [](const Endpoint& a, const Endpoint& b) { return a.segments < b.segments; });
  endpoints_.insert(at, std::move(endpoint));
}

const Endpoint* Paths::match(std::string_view path, Call& call) const {
  const auto segments = split(path);
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.segments.size() != segments.size()) continue;
    call.params.clear();
    call.rawParams.clear();
    bool fits = true;
    for (size_t i = 0; fits && i < segments.size(); ++i) {
      if (!isParam(endpoint.segments[i])) {
        fits = endpoint.segments[i] == segments[i];
        continue;
      }
      std::string decoded;
      fits = !segments[i].empty() && decodeSegment(segments[i], decoded);
      call.params.push_back(std::move(decoded));
      call.rawParams.emplace_back(segments[i]);
    }
    if (fits) return &endpoint;
  }
  return nullptr;
}

std::vector<std::string> Paths::patterns() const {
  std::vector<std::string> out;
  for (const auto& endpoint : endpoints_) out.push_back(endpoint.pattern);
  return out;
}

bool decodeSegment(std::string_view text, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      const int byte = escapedByte(text, i);
      if (byte <= 0) return false;
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return true;
}

std::string encodeQuery(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kHex[u >> 4];
      out += kHex[u & 15];
    }
  }
  return out;
}

}  // namespace tollgate::admin
