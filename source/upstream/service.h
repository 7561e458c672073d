#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "source/http/exchange_info.h"
#include "source/net/address.h"
#include "source/upstream/cluster_handle.h"
#include "source/upstream/pool_key.h"

namespace tollgate::upstream {

/// Whether HTTP/2 is spoken to an origin.
enum class Http2 : uint8_t {
  kNever,
  kOffered,  ///< By TLS (ALPN); HTTP/1 where the origin does not choose it.
  kAlways,   ///< It is known to speak it.
};

/// Where a route's requests go, compiled from a service. Immutable, owned by the snapshot.
struct Service : http::Named {
  std::string protocol;  ///< "http", "https", …
  std::string host;      ///< As configured: an IP address or a name.
  uint16_t port = 80;
  std::string path;      ///< "" or starting with "/"
  std::string hostLine;  ///< "Host: …\r\n", sent unless the client's is preserved.
  int retries = 5;
  std::chrono::milliseconds connectTimeout{60000};
  std::chrono::milliseconds writeTimeout{60000};
  std::chrono::milliseconds readTimeout{60000};
  bool tls = false;
  Http2 http2 = Http2::kNever;
  std::shared_ptr<const void> tlsContext;  ///< For the pool's TlsFactory, if `tls`.
  net::Address literal;                    ///< Valid if host is an IP address.
  /// If `host` names an upstream: where it is balanced over. Port and DNS of the service do not
  /// count then.
  std::shared_ptr<const ClusterHandle> cluster;
  std::string poolKey;  ///< What connections must share to be interchangeable, without the address.
  PoolKey literalKey;   ///< poolKey with the bytes of `literal`, where the two say it all.

  /// The port only if it is unusual. Well-formed.
  void setHostHeader(std::string_view value) {
    hostLine = "Host: ";
    hostLine.append(value).append("\r\n");
  }
};

}  // namespace tollgate::upstream
