#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/buffer/buffer.h"

namespace tollgate::net {

/// The certificate of the other side, verified by the transport.
struct PeerCertificate {
  std::string subject;                ///< "CN=ops,O=Example", the most specific part first.
  std::string commonName;             ///< "" without one.
  std::vector<std::string> dnsNames;  ///< Subject alternative names.
  std::vector<std::string> uris;      ///< Likewise.
  std::vector<std::string> emails;    ///< Likewise.
};

/// Outcome of one read or write.
struct IoResult {
  enum class State {
    kProgress,  ///< Bytes moved, and more may be possible at once.
    kDrained,   ///< Nothing more now: wait for readiness.
    kEnd,       ///< Read: the peer has closed its side in an orderly way.
    kFailed,    ///< The connection is broken; `error` says why.
  };
  State state = State::kDrained;
  size_t bytes = 0;
  const char* error = "";  ///< Static text: "reset", "tls: bad certificate", …
  bool answered = false;   ///< Handshake, failed: the peer was told why, and needs time to read it.
  size_t wire = 0;  ///< Write: bytes that the socket took; `bytes` follow when all theirs went.
};

/// Bytes in, bytes out over one descriptor that the connection owns: TCP or TLS; nothing else.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Reads up to about `limit` bytes to the back of `into`. `hangup`: the peer has closed, so read
  /// on until the end even after a short read.
  virtual IoResult read(buffer::Buffer& into, size_t limit, bool hangup) = 0;
  /// Writes from the front of `from`, consuming what was written.
  virtual IoResult write(buffer::Buffer& from) = 0;
  /// Ends the sending side (TLS close_notify, then FIN).
  virtual void shutdownWrite() = 0;

  /// False while a handshake is under way; the connection calls handshake() on readiness until
  /// then.
  virtual bool established() const { return true; }
  /// kProgress: established; kDrained: wait; kFailed.
  virtual IoResult handshake() { return {IoResult::State::kProgress, 0, ""}; }

  virtual bool secure() const { return false; }
  virtual std::string_view alpn() const { return {}; }  ///< "h2", "http/1.1" or "".
  virtual std::string_view serverName() const { return {}; }
  /// nullptr where none was asked for, or given.
  virtual const PeerCertificate* peerCertificate() const { return nullptr; }
};

/// Plain TCP over a non-blocking descriptor (not owned).
std::unique_ptr<Transport> makeTcpTransport(int fd);

}  // namespace tollgate::net
