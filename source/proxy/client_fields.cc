#include "source/proxy/client_fields.h"

#include "source/http/field_list.h"
#include "source/http1/head_writer.h"

namespace tollgate::proxy {

using http::HeaderCode;

namespace {

/// By these an origin is told who is asking and by which way.
constexpr std::string_view kToldNames[] = {
    "X-Consumer-ID",
    "X-Consumer-Custom-ID",
    "X-Consumer-Username",
    "X-Consumer-Groups",
    "X-Credential-Username",
    "X-Credential-Identifier",
    "X-Anonymous-Consumer",
    "X-Authenticated-Scope",
    "X-Authenticated-Userid",
    "X-Authenticated-Groups",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Path",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "X-Kong-Request-Id",
};

constexpr http::LineNames kAliases = [] {
  http::LineNames names;
  for (std::string_view name : kToldNames) names.addOther(name.size());
  return names;
}();

bool isToldName(std::string_view name) {
  auto same = [&](std::string_view told) {
    if (told.size() != name.size()) return false;
    for (size_t i = 0; i < name.size(); ++i) {
      const char c = name[i] == '_' ? '-' : lowerByte(name[i]);
      if (c != lowerByte(told[i])) return false;
    }
    return true;
  };
  for (std::string_view told : kToldNames) {
    if (same(told)) return true;
  }
  return false;
}

/// Needed by every recipient, whatever Connection says.
constexpr uint64_t kEndToEnd =
    http::bitOf(HeaderCode::kConnection) | http::bitOf(HeaderCode::kHost) |
    http::bitOf(HeaderCode::kContentLength) | http::bitOf(HeaderCode::kExpect) |
    http::bitOf(HeaderCode::kXRealIp) | http::bitOf(HeaderCode::kXForwardedFor) |
    http::bitOf(HeaderCode::kXForwardedHost) | http::bitOf(HeaderCode::kXForwardedPath) |
    http::bitOf(HeaderCode::kXForwardedPort) | http::bitOf(HeaderCode::kXForwardedPrefix) |
    http::bitOf(HeaderCode::kXForwardedProto);

/// `each`: given every element of Connection.
template <typename F>
void forEachOption(const http::HeaderMap& headers, F each) {
  headers.forEach([&](const http::Header& header) {
    if (header.code != HeaderCode::kConnection) return;
    for (std::string_view list = header.value(); !list.empty();) each(http::nextElement(list));
  });
}

}  // namespace

bool connectionNames(const http::HeaderMap& headers, std::string_view token) {
  bool found = false;
  forEachOption(headers, [&](std::string_view option) {
    found = found || http::equalsIgnoreCase(option, token);
  });
  return found;
}

void removeHopByHop(http::HeaderMap& headers, bool keepUpgrade) {
  if (!headers.hasAny(http1::kConnectionFields)) return;
  if (headers.has(HeaderCode::kConnection)) {
    uint64_t kept = kEndToEnd;
    if (keepUpgrade) kept |= http::bitOf(HeaderCode::kUpgrade);
    headers.unfold();  // so that to remove moves nothing
    forEachOption(headers, [&](std::string_view name) {
      const HeaderCode code = http::codeOf(name);
      if ((kept & http::bitOf(code)) == 0) headers.remove(name);
    });
    headers.remove(HeaderCode::kConnection);
  }
  headers.remove(HeaderCode::kKeepAlive);
  headers.remove(HeaderCode::kProxyConnection);
  headers.remove(HeaderCode::kTransferEncoding);
  headers.remove(HeaderCode::kHttp2Settings);
  if (!keepUpgrade) headers.remove(HeaderCode::kUpgrade);
}

void removeAliases(http::HeaderMap& headers) {
  if (!headers.mayHave(kAliases)) return;
  headers.forEach([&](http::Header& header) {
    if (header.code != HeaderCode::kOther) return;
    const std::string_view name = header.name();
    if (name.find('_') == std::string_view::npos) return;
    if (isToldName(name)) headers.removeEntry(header);
  });
}

void removeUnfitTrailers(http::HeaderMap& trailers) {
  trailers.forEach([&](http::Header& trailer) {
    if (trailer.code != HeaderCode::kOther) {
      trailers.remove(trailer.code);  // all of these frame, route or describe the whole message
    } else if (isToldName(trailer.name())) {
      trailers.removeEntry(trailer);
    }
  });
}

}  // namespace tollgate::proxy
