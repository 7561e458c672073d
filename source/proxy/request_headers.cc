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
  addOwnFields(headers);
}

/// Our `line`, where nobody before us has left one; else "", and that one is made longer.
std::string_view ProxyExchange::viaLine(http::HeaderMap& headers, std::string_view line) {
  if (!headers.has(HeaderCode::kVia)) return line;
  headers.set(HeaderCode::kVia, arena_.concat(headers.get(HeaderCode::kVia), ", ",
                                              OwnLines::value(HeaderCode::kVia, line)));
  return {};
}

/// Who asked, for what, and by which way. Values of the request are as well-formed as the codec
/// found them.
void ProxyExchange::addOwnFields(http::HeaderMap& headers) {
  using http::LineBlock;
  constexpr size_t kFrames = LineBlock::frameOf(
      HeaderCode::kXRealIp, HeaderCode::kXForwardedFor, HeaderCode::kXForwardedProto,
      HeaderCode::kXForwardedHost, HeaderCode::kXForwardedPort, HeaderCode::kXForwardedPath,
      HeaderCode::kXKongRequestId);
  const ProxySettings& settings = worker_.settings;
  std::string_view scheme = secure() ? "https" : "http";
  std::string_view host = hostName();
  std::string_view via;
  if (settings.serverTokens) via = viaLine(headers, worker_.lines.via(request_->version));
  LineBlock lines(arena_, kFrames + 2 * clientIp_.size() + scheme.size() + host.size() +
                              LineBlock::kNumber + rawPath_.size() + requestId().size() +
                              via.size());
  bool trusted = !settings.trusted.empty() && trustedPeer();
  auto tell = [&](HeaderCode code, std::string_view value) __attribute__((always_inline)) {
    if (!headers.has(code)) return lines.line(code, value);
    if (!trusted) headers.setCopied(code, value);
  };

  headers.remove(HeaderCode::kXRealIp);
  lines.line(HeaderCode::kXRealIp, clientIp_);
  if (headers.has(HeaderCode::kXForwardedFor)) {
    headers.set(HeaderCode::kXForwardedFor,
                arena_.concat(headers.get(HeaderCode::kXForwardedFor), ", ", manager_->peerIp()));
  } else {
    lines.line(HeaderCode::kXForwardedFor, clientIp_);
  }
  tell(HeaderCode::kXForwardedProto, scheme);
  tell(HeaderCode::kXForwardedHost, host);
  tell(HeaderCode::kXForwardedPort, Decimal(manager_->localPort()).text());
  tell(HeaderCode::kXForwardedPath, rawPath_);
  if (!via.empty()) lines.whole(HeaderCode::kVia, via);
  if (settings.requestIdUpstream) {
    headers.remove(HeaderCode::kXKongRequestId);
    lines.line(HeaderCode::kXKongRequestId, requestId());
  }
  headers.add(lines);
  if (trusted && headers.has(HeaderCode::kXForwardedPrefix)) return;
  headers.remove(HeaderCode::kXForwardedPrefix);
  if (route_->stripPath && pathMatched_ && matchedPrefix_ != "/" && !matchedPrefix_.empty()) {
    headers.add(HeaderCode::kXForwardedPrefix, matchedPrefix_);
  }
}

/// The host that was asked for, without port and final dot.
std::string_view ProxyExchange::hostName() const {
  std::string_view name = host_.name;
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

/// Whether what buildUpstreamPath() would write is what the client sent.
bool ProxyExchange::targetStays() const {
  if (service_->path.size() > 1 || path_.data() != rawPath_.data() || !route::isPlain(path_)) {
    return false;
  }
  if (route_->stripPath && pathMatched_ && matchedPrefix_ != "/") return false;
  return !hasQuery_ || (query_.data() == rawPath_.data() + rawPath_.size() + 1 &&
                        rawPath_.size() + 1 + query_.size() == request_->target.size());
}

std::string_view ProxyExchange::upstreamTarget() {
  if (request_->target == "*") return "*";
  const std::string& servicePath = service_->path;
  if (targetStays()) return hasQuery_ ? request_->target : path_;
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
