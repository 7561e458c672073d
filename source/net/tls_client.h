#pragma once

#include <memory>
#include <string_view>

#include "source/net/transport.h"

namespace tollgate::net {

/// Opens TLS towards servers. Immutable; any thread.
class TlsClient {
 public:
  virtual ~TlsClient() = default;
  /// A transport for a connecting descriptor (not owned); nullptr if that cannot be. `serverName`:
  /// for SNI, and what the certificate is verified for where it is; "" for neither.
  virtual std::unique_ptr<Transport> connect(int fd, std::string_view serverName) const = 0;
};

}  // namespace tollgate::net
