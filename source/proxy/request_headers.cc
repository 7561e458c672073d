#include <algorithm>

#include "source/base/host_port.h"
#include "source/http1/head_writer.h"
#include "source/proxy/client_fields.h"
#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"
#include "source/route/path.h"

/// What the origin is told: who the client is, what it asked for, and nothing that concerns only
/// the hop to us.
namespace tollgate::proxy {

using http::HeaderCode;

namespace {

std::string_view trimmedOws(std::string_view text) {
  auto isBlank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

bool ProxyExchange::isTrusted(const net::Address& address) const {
  for (const net::AddressRange& range : worker_.settings.trusted) {
    if (range.contains(address)) return true;
  }
  return false;
}

bool ProxyExchange::trustedPeer() const { return isTrusted(manager_->peer()); }

void ProxyExchange::findClient() {
  if (worker_.settings.trusted.empty() || !trustedPeer()) return;
  std::string_view value = request_->headers.joined(worker_.settings.realIpHeader);
  // The last address of the list, or with `recursive` the last that is not a trusted proxy.
  for (bool more = true; more;) {
    const size_t comma = value.rfind(',');
    more = comma != std::string_view::npos;
    const std::string_view one = trimmedOws(more ? value.substr(comma + 1) : value);
    if (more) value = value.substr(0, comma);
    if (one.empty()) continue;  // RFC 9110 section 5.6.1.2
    auto address = net::Address::parse(HostPort::split(one).host, 0);
    if (!address) return;
    info_.client = arena_.make<net::Address>(*address);
    info_.clientIp = arena_.copy(address->ip());
    if (!worker_.settings.realIpRecursive || !isTrusted(*address)) return;
  }
}

/// What the head says of the hop from the client is heeded here and goes no further; neither does
/// what passes itself off as ours.
void ProxyExchange::leaveClientHop() {
  http::HeaderMap& headers = request_->headers;
  constexpr uint64_t kHop = http1::kConnectionFields | http::bitOf(HeaderCode::kTe);
  if (headers.hasAny(kHop)) {
    trailersWanted_ = headers.get(HeaderCode::kTe).find("trailers") != std::string_view::npos;
    upgradeAsked_ = headers.has(HeaderCode::kUpgrade);
    upgrade_ = upgradeAsked_ && connectionNames(headers, "upgrade") &&
               request_->version == http::Version::kHttp11 &&
               http::equalsIgnoreCase(headers.get(HeaderCode::kUpgrade), "websocket");
    removeHopByHop(headers, false);
    headers.remove(HeaderCode::kTe);
  }
  removeAliases(headers);
}

void ProxyExchange::prepareRequestHeaders() {
  http::HeaderMap& headers = request_->headers;
  headers.remove(HeaderCode::kProxy);
  headers.remove(HeaderCode::kExpect);  // answered by this hop
  headers.remove(HeaderCode::kTe);
  headers.remove(HeaderCode::kContentLength);
  if (trailersWanted_) headers.add(HeaderCode::kTe, "trailers");
  if (!route_->preserveHost) {
    headers.setLine(HeaderCode::kHost, service_->hostLine);
  } else if (!headers.has(HeaderCode::kHost)) {
    headers.add(HeaderCode::kHost, "");
  }
  addOwnFields(headers);
}

/// Adds ours to what those before us have left.
void ProxyExchange::lengthenVia(http::HeaderMap& headers, std::string_view line) {
  headers.set(HeaderCode::kVia, arena_.concat(headers.joined(http::nameOf(HeaderCode::kVia)), ", ",
                                              OwnLines::value(HeaderCode::kVia, line)));
}

namespace {

/// Who asked, for what, and by which way.
struct Origin {
  std::string_view ip, chain, scheme, host, port, path;
  size_t bytes() const {
    return ip.size() + chain.size() + scheme.size() + host.size() + port.size() + path.size();
  }
};

constexpr uint64_t kOriginFields =
    http::bitOf(HeaderCode::kXRealIp) | http::bitOf(HeaderCode::kXForwardedFor) |
    http::bitOf(HeaderCode::kXForwardedProto) | http::bitOf(HeaderCode::kXForwardedHost) |
    http::bitOf(HeaderCode::kXForwardedPort) | http::bitOf(HeaderCode::kXForwardedPath);

/// Takes out what the request itself says of it. Of that the chain of addresses goes on, and the
/// rest holds only where `trusted`.
void takeGiven(http::HeaderMap& headers, bool trusted, std::string_view peer, Origin& origin) {
  auto take = [&](HeaderCode code) {
    std::string_view given = headers.get(code);
    headers.remove(code);
    return given;
  };
  auto choose = [&](HeaderCode code, std::string_view& value) {
    bool given = headers.has(code);
    std::string_view theirs = take(code);
    if (given && trusted) value = theirs;
  };
  take(HeaderCode::kXRealIp);
  if (headers.has(HeaderCode::kXForwardedFor)) {
    std::string_view before = headers.joined(http::nameOf(HeaderCode::kXForwardedFor));
    headers.remove(HeaderCode::kXForwardedFor);
    origin.chain = headers.arena().concat(before, ", ", peer);
  }
  choose(HeaderCode::kXForwardedProto, origin.scheme);
  choose(HeaderCode::kXForwardedHost, origin.host);
  choose(HeaderCode::kXForwardedPort, origin.port);
  choose(HeaderCode::kXForwardedPath, origin.path);
}

}  // namespace

/// Values of the request are as well-formed as the codec found them.
void ProxyExchange::addOwnFields(http::HeaderMap& headers) {
  using http::LineBlock;
  constexpr size_t kFrames = LineBlock::frameOf(
      HeaderCode::kXRealIp, HeaderCode::kXForwardedFor, HeaderCode::kXForwardedProto,
      HeaderCode::kXForwardedHost, HeaderCode::kXForwardedPort, HeaderCode::kXForwardedPath,
      HeaderCode::kXKongRequestId);
  const ProxySettings& settings = worker_.settings;
  Origin origin{info_.clientIp,
                info_.clientIp,
                info_.secure ? "https" : "http",
                hostName(),
                manager_->localPortText(),
                rawPath_};
  bool trusted = !settings.trusted.empty() && trustedPeer();
  if (headers.hasAny(kOriginFields)) takeGiven(headers, trusted, manager_->peerIp(), origin);
  std::string_view via;
  if (settings.serverTokens) via = viaLine(headers, worker_.lines.via(request_->version));
  LineBlock block(arena_, kFrames + origin.bytes() + requestId().size() + via.size());
  block
      .lines<HeaderCode::kXRealIp, HeaderCode::kXForwardedFor, HeaderCode::kXForwardedProto,
             HeaderCode::kXForwardedHost, HeaderCode::kXForwardedPort, HeaderCode::kXForwardedPath>(
          origin.ip, origin.chain, origin.scheme, origin.host, origin.port, origin.path);
  if (!via.empty()) block.whole(HeaderCode::kVia, via);
  if (settings.requestIdUpstream) {
    headers.remove(HeaderCode::kXKongRequestId);
    block.lines<HeaderCode::kXKongRequestId>(requestId());
  }
  headers.add(block);
  if (trusted && headers.has(HeaderCode::kXForwardedPrefix)) return;
  headers.remove(HeaderCode::kXForwardedPrefix);
  if (route_->stripPath && pathMatched_ && matchedPrefix_ != "/" && !matchedPrefix_.empty()) {
    headers.add(HeaderCode::kXForwardedPrefix, matchedPrefix_);
  }
}

/// The host that was asked for, without port and final dot.
std::string_view ProxyExchange::hostName() const { return host_.name; }

/// Whether what buildUpstreamPath() would write is what the client sent.
bool ProxyExchange::targetStays() const {
  if (service_->path.size() > 1 || info_.path.data() != rawPath_.data()) return false;
  if (!simplePath_ && !route::isPlain(info_.path)) return false;
  if (route_->stripPath && pathMatched_ && matchedPrefix_ != "/") return false;
  return !info_.hasQuery || (info_.query.data() == rawPath_.data() + rawPath_.size() + 1 &&
                             rawPath_.size() + 1 + info_.query.size() == request_->target.size());
}

std::string_view ProxyExchange::upstreamTarget() {
  if (request_->target == "*") return "*";
  const std::string& servicePath = service_->path;
  if (targetStays()) return info_.hasQuery ? request_->target : info_.path;
  size_t capacity = route::upstreamPathBound(servicePath, info_.path);
  char* out = arena_.chars(capacity + info_.query.size() + 1);
  size_t size = route::buildUpstreamPath(servicePath.empty() ? "/" : servicePath, matchedPrefix_,
                                         info_.path, route_->stripPath && pathMatched_, out);
  if (info_.hasQuery) {
    out[size++] = '?';
    if (!info_.query.empty()) std::memcpy(out + size, info_.query.data(), info_.query.size());
    size += info_.query.size();
  }
  return {out, size};
}

}  // namespace tollgate::proxy
