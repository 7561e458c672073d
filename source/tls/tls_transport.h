#pragma once

#include <memory>
#include <string>

#include "source/net/transport.h"
#include "source/tls/boringssl.h"
#include "source/tls/info.h"

namespace tollgate::tls {

/// TLS over a non-blocking descriptor (not owned). One worker. See README.md for how bytes flow.
class TlsTransport final : public net::Transport {
 public:
  /// `ssl` has its role set and may be null (out of memory): the handshake then fails. `context` is
  /// kept as long as callbacks of the SSL context may need it. `input`: wire bytes that were
  /// already read. `serverName` is what serverName() says on a client; a server learns it.
  TlsTransport(bssl::UniquePtr<SSL> ssl, int fd, std::shared_ptr<const void> context,
               std::string serverName, std::string input);
  ~TlsTransport() override;

  net::IoResult read(buffer::Buffer& into, size_t limit, bool hangup) override;
  net::IoResult write(buffer::Buffer& from) override;
  void shutdownWrite() override;
  bool established() const override { return established_; }
  net::IoResult handshake() override;
  bool secure() const override { return true; }
  std::string_view alpn() const override;
  std::string_view serverName() const override;
  const net::PeerCertificate* peerCertificate() const override;
  Info info() const;

  static TlsTransport* of(const SSL* ssl) {
    return static_cast<TlsTransport*>(SSL_get_app_data(ssl));
  }

 private:
  enum class Flush { kDone, kBlocked, kFailed };
  enum class Receive { kBytes, kNothing, kEnd, kFailed };
  enum class Decrypt { kNeedMore, kEnd, kFailed };

  // The ends of the SSL's BIO.
  static int bioRead(BIO* bio, char* out, int length);
  static int bioWrite(BIO* bio, const char* bytes, int length);
  static long bioControl(BIO* bio, int command, long number, void* pointer);
  static const BIO_METHOD* bioMethod();

  Flush flush(size_t* taken = nullptr);
  Receive receive(size_t room);
  void keepInput();
  Decrypt decrypt(buffer::Buffer& into, net::IoResult& result);
  bool seal(const buffer::Buffer& from);
  bool sealRecord(const char* bytes, size_t length);
  void consumeSealed(buffer::Buffer& from, net::IoResult& result);
  net::IoResult refusePlainHttp();
  net::IoResult failRead(net::IoResult result, const char* error);
  net::IoResult failed(net::IoResult result, const char* error);

  std::shared_ptr<const void> context_;  // outlives ssl_
  bssl::UniquePtr<SSL> ssl_;
  std::string serverName_;
  std::string kept_;        ///< Wire input that outlives the call that received it.
  std::string_view input_;  ///< Wire input to decrypt: part of kept_ or of the thread's scratch.
  std::string unsent_;      ///< Wire output that the socket did not take.
  size_t unsentAt_ = 0;
  size_t sealed_ = 0;  ///< Bytes at the front of the caller's buffer whose ciphertext is unsent.
  mutable std::unique_ptr<net::PeerCertificate> peer_;  ///< Of the client; made when asked for.
  const char* failure_ = nullptr;
  int fd_;
  int socketError_ = 0;
  bool server_;
  bool begun_ = false;        ///< The peer has sent something.
  bool finished_ = false;     ///< The SSL's handshake is done.
  bool established_ = false;  ///< And all its bytes were sent.
  bool ended_ = false;        ///< close_notify came.
};

}  // namespace tollgate::tls
