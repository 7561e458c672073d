#pragma once

#include <string_view>

#include "source/net/transport.h"

namespace tollgate::tls {

/// What was negotiated, for logs. All static text; empty before the handshake is done.
struct Info {
  std::string_view version;  ///< "TLSv1.3"
  std::string_view cipher;   ///< IANA's name: "TLS_AES_128_GCM_SHA256"
  bool resumed = false;      ///< By a session of an earlier connection.
};

/// Of a transport made by a context of this folder; empty for any other.
Info infoOf(const net::Transport& transport);

}  // namespace tollgate::tls
