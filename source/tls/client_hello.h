#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::tls {

/// What a client asks for in the first message of TLS: for choosing a filter chain before (or
/// without) terminating TLS. Nothing in it is authenticated.
struct ClientHello {
  enum State {
    kNeedMore,   ///< The bytes are a beginning: call again with more.
    kNotTls,     ///< Some other protocol.
    kParsed,     ///< The fields below are set.
    kMalformed,  ///< It began like TLS, but lengths or types are wrong, or it is too long.
  };
  State state = kNeedMore;
  std::string serverName;         ///< Lower case; empty if the client sent none.
  std::vector<std::string> alpn;  ///< In the client's order.
};

/// Parses the first bytes of a connection, all of them at every call. Works across records; gives
/// up (kMalformed) beyond 16 KiB. Bytes after the message are ignored.
ClientHello parseClientHello(std::string_view bytes);

/// The host name in the body of a server_name extension; nullopt if there is none or it is
/// malformed.
std::optional<std::string_view> hostNameOf(std::string_view extension);

}  // namespace tollgate::tls
