#include <algorithm>

#include "source/http1/head_writer.h"
#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"
#include "source/route/path.h"

/// What the origin is told: who the client is, what it asked for, and nothing that concerns only
/// the hop to us.
namespace tollgate::proxy {

using http::HeaderCode;

bool ProxyExchange::trustedPeer() const {
  for (const net::AddressRange& range : worker_.settings.trusted) {
    if (range.contains(manager_->peer())) return true;
  }
  return false;
}

bool ProxyExchange::secure() { return manager_->secure(); }

const net::Address& ProxyExchange::clientAddress() { return clientAddress_; }

void ProxyExchange::findClient() {
  clientAddress_ = manager_->peer();
  clientIp_ = manager_->peerIp();
  if (worker_.settings.trusted.empty() || !trustedPeer()) return;
  std::string_view value = request_->headers.get(worker_.settings.realIpHeader);
  // The last address of the list, or with `recursive` the last that is not a trusted proxy.
  while (!value.empty()) {
    size_t comma = value.rfind(',');
    std::string_view one = comma == std::string_view::npos ? value : value.substr(comma + 1);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    auto address = net::Address::parse(one, 0);
    if (!address) return;
    clientAddress_ = *address;
    clientIp_ = arena_.copy(address->ip());
    if (!worker_.settings.realIpRecursive || comma == std::string_view::npos) return;
    bool trusted = false;
    for (const net::AddressRange& range : worker_.settings.trusted) {
      trusted = trusted || range.contains(*address);
    }
    if (!trusted) return;
    value = value.substr(0, comma);
  }
}

void ProxyExchange::removeHopByHop(http::HeaderMap& headers, bool keepUpgrade) {
  if (!headers.hasAny(http1::kConnectionFields)) return;
  if (headers.has(HeaderCode::kConnection)) {
    // Every field that Connection names belongs to this hop.
    Arena& arena = arena_;
    headers.forEach([&](const http::Header& header) {
      if (header.code != HeaderCode::kConnection) return;
      std::string_view list = arena.copy(header.value());
      while (!list.empty()) {
        size_t comma = list.find(',');
        std::string_view name = list.substr(0, comma);
        list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
        while (!name.empty() && (name.front() == ' ' || name.front() == '\t'))
          name.remove_prefix(1);
        while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
        HeaderCode code = http::codeOf(name);
        if (code == HeaderCode::kConnection || code == HeaderCode::kHost ||
            code == HeaderCode::kContentLength || (code == HeaderCode::kUpgrade && keepUpgrade)) {
          continue;
        }
        headers.remove(name);
      }
    });
    headers.remove(HeaderCode::kConnection);
  }
  headers.remove(HeaderCode::kKeepAlive);
  headers.remove(HeaderCode::kProxyConnection);
  headers.remove(HeaderCode::kTransferEncoding);
  headers.remove(HeaderCode::kHttp2Settings);
  if (!keepUpgrade) headers.remove(HeaderCode::kUpgrade);
}

void ProxyExchange::prepareRequestHeaders() {
  http::HeaderMap& headers = request_->headers;
  if (headers.has(HeaderCode::kTe)) {
    trailersWanted_ = headers.get(HeaderCode::kTe).find("trailers") != std::string_view::npos;
  }
  removeHopByHop(headers, false);
  headers.remove(HeaderCode::kProxy);
  headers.remove(HeaderCode::kExpect);  // answered by this hop
  headers.remove(HeaderCode::kTe);
  headers.remove(HeaderCode::kContentLength);
  if (trailersWanted_) headers.add(HeaderCode::kTe, "trailers");
  if (!route_->preserveHost) {
    headers.setChecked(HeaderCode::kHost, service_->hostHeader);
  } else if (!headers.has(HeaderCode::kHost)) {
    headers.add(HeaderCode::kHost, "");
  }
  addForwarded(headers);
  if (worker_.settings.serverTokens) {
    addVia(headers, worker_.lines.via(request_->version));
  }
  if (worker_.settings.requestIdUpstream) {
    headers.setCopied(HeaderCode::kXKongRequestId, requestId());
  }
}

void ProxyExchange::addVia(http::HeaderMap& headers, std::string_view line) {
  if (!headers.has(HeaderCode::kVia)) return headers.setLine(HeaderCode::kVia, line);
  headers.set(HeaderCode::kVia, arena_.concat(headers.get(HeaderCode::kVia), ", ",
                                              OwnLines::value(HeaderCode::kVia, line)));
}

/// Who asked, and for what. Values of the request are as well-formed as the codec found them.
void ProxyExchange::addForwarded(http::HeaderMap& headers) {
  bool trusted = !worker_.settings.trusted.empty() && trustedPeer();
  auto kept = [&](HeaderCode code) { return trusted && headers.has(code); };

  headers.setCopied(HeaderCode::kXRealIp, clientIp_);
  if (headers.has(HeaderCode::kXForwardedFor)) {
    headers.set(HeaderCode::kXForwardedFor,
                arena_.concat(headers.get(HeaderCode::kXForwardedFor), ", ", manager_->peerIp()));
  } else {
    headers.setCopied(HeaderCode::kXForwardedFor, clientIp_);
  }
  if (!kept(HeaderCode::kXForwardedProto)) {
    headers.setCopied(HeaderCode::kXForwardedProto, secure() ? "https" : "http");
  }
  if (!kept(HeaderCode::kXForwardedHost)) {
    headers.setCopied(HeaderCode::kXForwardedHost, hostName());
  }
  if (!kept(HeaderCode::kXForwardedPort)) {
    headers.setNumber(HeaderCode::kXForwardedPort, manager_->localPort());
  }
  if (!kept(HeaderCode::kXForwardedPath)) {
    headers.setCopied(HeaderCode::kXForwardedPath, rawPath_);
  }
  if (!kept(HeaderCode::kXForwardedPrefix)) {
    headers.remove(HeaderCode::kXForwardedPrefix);
    if (route_->stripPath && pathMatched_ && matchedPrefix_ != "/" && !matchedPrefix_.empty()) {
      headers.add(HeaderCode::kXForwardedPrefix, matchedPrefix_);
    }
  }
}

/// The host that was asked for in lower case, without port and final dot.
std::string_view ProxyExchange::hostName() {
  std::string_view name = request_->host;
  size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && name.back() != ']') name = name.substr(0, colon);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!hasUpperCase(name)) return name;
  char* lower = arena_.chars(name.size());
  std::transform(name.begin(), name.end(), lower, lowerByte);
  return {lower, name.size()};
}

std::string_view ProxyExchange::upstreamTarget() {
  if (request_->target == "*") return "*";
  const std::string& servicePath = service_->path;
  size_t capacity = route::upstreamPathBound(servicePath, path_);
  char* out = arena_.chars(capacity + query_.size() + 1);
  size_t size = route::buildUpstreamPath(servicePath.empty() ? "/" : servicePath, matchedPrefix_,
                                         path_, route_->stripPath && pathMatched_, out);
  if (hasQuery_) {
    out[size++] = '?';
    if (!query_.empty()) std::memcpy(out + size, query_.data(), query_.size());
    size += query_.size();
  }
  return {out, size};
}

}  // namespace tollgate::proxy
