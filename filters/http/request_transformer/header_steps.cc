#include "filters/http/request_transformer/header_steps.h"

#include <algorithm>

#include "filters/http/request_transformer/variables.h"
#include "source/base/percent.h"

namespace tollgate::filters::request_transformer {
namespace {

using http::bitOf;
using http::HeaderCode;
using http::HeaderMap;

/// The concern of one hop, of the framing, or of the gateway alone.
constexpr uint64_t kOurs =
    bitOf(HeaderCode::kConnection) | bitOf(HeaderCode::kKeepAlive) |
    bitOf(HeaderCode::kProxyConnection) | bitOf(HeaderCode::kTransferEncoding) |
    bitOf(HeaderCode::kUpgrade) | bitOf(HeaderCode::kHttp2Settings) | bitOf(HeaderCode::kTe) |
    bitOf(HeaderCode::kContentLength) | bitOf(HeaderCode::kExpect) | bitOf(HeaderCode::kXRealIp) |
    bitOf(HeaderCode::kXForwardedFor) | bitOf(HeaderCode::kXForwardedHost) |
    bitOf(HeaderCode::kXForwardedPath) | bitOf(HeaderCode::kXForwardedPort) |
    bitOf(HeaderCode::kXForwardedPrefix) | bitOf(HeaderCode::kXForwardedProto);

bool isOurs(std::string_view name) { return (bitOf(http::codeOf(name)) & kOurs) != 0; }
bool isHost(std::string_view name) { return http::codeOf(name) == HeaderCode::kHost; }
bool isFixed(std::string_view name) { return isHost(name) || isOurs(name); }

std::string_view lowerCase(std::string_view text, Arena& arena) {
  char* out = arena.chars(text.size());
  std::transform(text.begin(), text.end(), out, lowerByte);
  return {out, text.size()};
}

/// What cannot stand in a field is encoded: a template may have it from a decoded argument.
std::string_view fieldValue(std::string_view text, Arena& arena) {
  auto fit = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 || c == '\t') && byte != 0x7f;
  };
  return encodedPercent(text, fit, arena);
}

/// Whether only such characters stand in it as hosts and ports have (RFC 3986 section 3.2.2).
bool isAuthority(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return isUnreserved(c) || std::string_view(":[]%").find(c) != std::string_view::npos;
  });
}

void rename(const Steps::Rename& step, HeaderMap& headers) {
  if (isHost(step.from) || isFixed(step.to) || step.from == step.to) return;
  const http::Header* first = findLoosely(headers, step.from);
  if (first == nullptr) return;
  std::vector<std::string_view> values;
  for (const http::Header* each = first; each != nullptr; each = headers.next(*each)) {
    values.push_back(each->value());
  }
  const std::string_view old = first->name();
  const bool respelled = equalsIgnoreCase(step.from, step.to);
  if (!isOurs(old)) headers.remove(old);
  headers.remove(step.to);
  const std::string_view name =
      respelled ? std::string_view(step.to) : lowerCase(step.to, headers.arena());
  for (std::string_view value : values) headers.add(name, value);
}

}  // namespace

void transformHeaders(const Steps& steps, http::Exchange& exchange, Rendering& render) {
  HeaderMap& headers = exchange.request().headers;
  Arena& arena = exchange.arena();
  for (const std::string& name : steps.remove) {
    if (!isFixed(name)) headers.remove(name);
  }
  for (const Steps::Rename& step : steps.rename) rename(step, headers);
  for (const Steps::Change& step : steps.replace) {
    if (step.value.text().empty() || isOurs(step.name)) continue;
    const http::Header* found = findLoosely(headers, step.name);
    if (found == nullptr && !isHost(step.name)) continue;
    const std::string_view value = fieldValue(render(step.value), arena);
    if (render.failed()) return;
    if (isHost(step.name)) {
      if (!isAuthority(value)) return render.fail(step.value, "the value is no host");
      exchange.setHost(value);
    } else {
      headers.set(found->name(), value);
    }
  }
  for (const Steps::Change& step : steps.add) {
    if (step.value.text().empty() || isFixed(step.name)) continue;
    if (findLoosely(headers, step.name) != nullptr) continue;
    const std::string_view value = fieldValue(render(step.value), arena);
    if (render.failed()) return;
    headers.add(step.name, value);
  }
  for (const Steps::Change& step : steps.append) {
    if (step.value.text().empty() || isFixed(step.name)) continue;
    const std::string_view value = fieldValue(render(step.value), arena);
    if (render.failed()) return;
    headers.add(step.name, value);
  }
}

}  // namespace tollgate::filters::request_transformer
