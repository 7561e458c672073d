#include "source/proxy/request_headers.h"

#include "source/base/host_port.h"
#include "source/http1/head_writer.h"
#include "source/proxy/client_fields.h"
#include "source/proxy/http_connection_manager.h"
#include "source/route/path.h"

namespace tollgate::proxy {

using http::HeaderCode;

namespace {

std::string_view trimmedOws(std::string_view text) {
  auto isBlank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}

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

/// Values of the request are as well-formed as the codec found them.
void addOwnFields(const ForwardedRequest& request) {
  using http::LineBlock;
  constexpr size_t kFrames = LineBlock::frameOf(
      HeaderCode::kXRealIp, HeaderCode::kXForwardedFor, HeaderCode::kXForwardedProto,
      HeaderCode::kXForwardedHost, HeaderCode::kXForwardedPort, HeaderCode::kXForwardedPath,
      HeaderCode::kXKongRequestId);
  const ProxySettings& settings = request.worker.settings;
  const http::ExchangeInfo& info = request.info;
  const RoutedTarget& target = request.target;
  http::HeaderMap& headers = request.head.headers;
  Origin origin{info.clientIp,
                info.clientIp,
                info.secure ? "https" : "http",
                target.host.name,
                request.client.localPortText(),
                target.rawPath};
  bool trusted = !settings.trusted.empty() && isTrusted(settings, *info.peer);
  if (headers.hasAny(kOriginFields)) takeGiven(headers, trusted, request.client.peerIp(), origin);
  std::string_view via;
  if (settings.serverTokens) via = viaLine(headers, request.worker.lines.via(request.head.version));
  LineBlock block(headers.arena(), kFrames + origin.bytes() + info.requestId.size() + via.size());
  block
      .lines<HeaderCode::kXRealIp, HeaderCode::kXForwardedFor, HeaderCode::kXForwardedProto,
             HeaderCode::kXForwardedHost, HeaderCode::kXForwardedPort, HeaderCode::kXForwardedPath>(
          origin.ip, origin.chain, origin.scheme, origin.host, origin.port, origin.path);
  if (!via.empty()) block.whole(HeaderCode::kVia, via);
  if (settings.requestIdUpstream) {
    headers.remove(HeaderCode::kXKongRequestId);
    block.lines<HeaderCode::kXKongRequestId>(info.requestId);
  }
  headers.add(block);
  if (trusted && headers.has(HeaderCode::kXForwardedPrefix)) return;
  headers.remove(HeaderCode::kXForwardedPrefix);
  if (request.route.stripPath && target.pathMatched && target.matchedPrefix != "/" &&
      !target.matchedPrefix.empty()) {
    headers.add(HeaderCode::kXForwardedPrefix, target.matchedPrefix);
  }
}

/// Whether what buildUpstreamPath() would write is what the client sent.
bool targetStays(const ForwardedRequest& request) {
  const http::ExchangeInfo& info = request.info;
  const RoutedTarget& target = request.target;
  if (request.service.path.size() > 1 || info.path.data() != target.rawPath.data()) return false;
  if (!target.simplePath && !route::isPlain(info.path)) return false;
  if (request.route.stripPath && target.pathMatched && target.matchedPrefix != "/") return false;
  return !info.hasQuery ||
         (info.query.data() == target.rawPath.data() + target.rawPath.size() + 1 &&
          target.rawPath.size() + 1 + info.query.size() == request.head.target.size());
}

}  // namespace

bool isTrusted(const ProxySettings& settings, const net::Address& address) {
  for (const net::AddressRange& range : settings.trusted) {
    if (range.contains(address)) return true;
  }
  return false;
}

void findClient(const ProxySettings& settings, http::RequestHead& head, http::ExchangeInfo& info) {
  if (settings.trusted.empty() || !isTrusted(settings, *info.peer)) return;
  Arena& arena = head.headers.arena();
  std::string_view value = head.headers.joined(settings.realIpHeader);
  // The last address of the list, or with `recursive` the last that is not a trusted proxy.
  for (bool more = true; more;) {
    const size_t comma = value.rfind(',');
    more = comma != std::string_view::npos;
    const std::string_view one = trimmedOws(more ? value.substr(comma + 1) : value);
    if (more) value = value.substr(0, comma);
    if (one.empty()) continue;  // RFC 9110 section 5.6.1.2
    auto address = net::Address::parse(HostPort::split(one).host, 0);
    if (!address) return;
    info.client = arena.make<net::Address>(*address);
    info.clientIp = arena.copy(address->ip());
    if (!settings.realIpRecursive || !isTrusted(settings, *address)) return;
  }
}

ClientHop leaveClientHop(http::RequestHead& head) {
  http::HeaderMap& headers = head.headers;
  ClientHop hop;
  constexpr uint64_t kHop = http1::kConnectionFields | http::bitOf(HeaderCode::kTe);
  if (headers.hasAny(kHop)) {
    hop.trailersWanted = headers.get(HeaderCode::kTe).find("trailers") != std::string_view::npos;
    hop.upgradeAsked = headers.has(HeaderCode::kUpgrade);
    hop.upgrade = hop.upgradeAsked && connectionNames(headers, "upgrade") &&
                  head.version == http::Version::kHttp11 &&
                  http::equalsIgnoreCase(headers.get(HeaderCode::kUpgrade), "websocket");
    removeHopByHop(headers, false);
    headers.remove(HeaderCode::kTe);
  }
  removeAliases(headers);
  return hop;
}

std::string_view viaLine(http::HeaderMap& headers, std::string_view line) {
  if (!headers.has(HeaderCode::kVia)) return line;
  // Ours is added to what those before us have left.
  headers.set(HeaderCode::kVia,
              headers.arena().concat(headers.joined(http::nameOf(HeaderCode::kVia)), ", ",
                                     OwnLines::value(HeaderCode::kVia, line)));
  return {};
}

void prepareRequestHeaders(const ForwardedRequest& request, bool trailersWanted) {
  http::HeaderMap& headers = request.head.headers;
  headers.remove(HeaderCode::kProxy);
  headers.remove(HeaderCode::kExpect);  // answered by this hop
  headers.remove(HeaderCode::kTe);
  headers.remove(HeaderCode::kContentLength);
  if (trailersWanted) headers.add(HeaderCode::kTe, "trailers");
  const http::TargetEdits* edits = request.info.edits;
  if (edits != nullptr && !edits->host.empty()) {
    headers.set(HeaderCode::kHost, edits->host);
  } else if (!request.route.preserveHost) {
    headers.setLine(HeaderCode::kHost, request.service.hostLine);
  } else if (!headers.has(HeaderCode::kHost)) {
    headers.add(HeaderCode::kHost, "");
  }
  addOwnFields(request);
}

std::string_view upstreamTarget(const ForwardedRequest& request) {
  const http::ExchangeInfo& info = request.info;
  if (info.edits != nullptr && !info.edits->path.empty()) {
    if (!info.hasQuery) return info.edits->path;
    return request.head.headers.arena().concat(info.edits->path, "?", info.query);
  }
  if (request.head.target == "*") return "*";
  const RoutedTarget& target = request.target;
  const std::string& servicePath = request.service.path;
  if (targetStays(request)) return info.hasQuery ? request.head.target : info.path;
  size_t capacity = route::upstreamPathBound(servicePath, info.path);
  char* out = request.head.headers.arena().chars(capacity + info.query.size() + 1);
  size_t size =
      route::buildUpstreamPath(servicePath.empty() ? "/" : servicePath, target.matchedPrefix,
                               info.path, request.route.stripPath && target.pathMatched, out);
  if (info.hasQuery) {
    out[size++] = '?';
    if (!info.query.empty()) std::memcpy(out + size, info.query.data(), info.query.size());
    size += info.query.size();
  }
  return {out, size};
}

}  // namespace tollgate::proxy
