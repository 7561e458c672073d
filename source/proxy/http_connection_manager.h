#pragma once

#include <memory>

#include "source/http/codec.h"
#include "source/http1/server_codec.h"
#include "source/http2/codec.h"
#include "source/net/connection.h"
#include "source/proxy/client_policies.h"
#include "source/proxy/filter_chain.h"
#include "source/proxy/worker_context.h"

namespace tollgate::proxy {

/// The last filter of an HTTP connection's chain: owns the connection and its codec (HTTP/1, or
/// HTTP/2 by ALPN or preface), makes an exchange for each request and keeps the connection's time
/// limits.
class HttpConnectionManager final : public net::ConnectionHandler,
                                    public http::ServerCodecHandler,
                                    public ServedConnection,
                                    public event::PassEnd,
                                    public event::Deferred {
 public:
  /// Serves `connection` until it closes; frees itself through the loop. `filters`: of its
  /// listener, outliving it; nullptr where there are none but the plugins. `policy`: likewise.
  static ServedConnection& serve(WorkerContext& worker, std::unique_ptr<net::Connection> connection,
                                 uint16_t localPort, const ListenerFilters* filters = nullptr,
                                 ClientPolicy policy = {});

  net::Connection& connection() { return *connection_; }
  const net::Address& peer() const { return peer_; }
  std::string_view peerIp() const { return {peerIp_, peerIpSize_}; }
  uint16_t localPort() const { return localPort_; }
  /// Its number among the connections of its worker.
  uint64_t serial() const { return serial_; }
  /// That have come by it.
  uint32_t requests() const { return requests_; }
  std::string_view localPortText() const { return {localPortText_, localPortSize_}; }
  const ListenerFilters* listenerFilters() const { return filters_; }
  bool secure() const { return secure_; }
  bool http2() const { return http2_ != nullptr; }
  /// Whether requests for `host` (as HostName has it) belong on a connection that was asked for
  /// another client certificate than this one.
  bool misdirected(std::string_view host) const {
    return policy_.all != nullptr && hasOtherPolicy(host);
  }
  WorkerContext& worker() { return worker_; }
  /// After a call to a stream: flush at the end of the pass.
  void touch() { worker_.loop.atPassEnd(*this); }
  /// A request is over: more input may be waiting.
  void onExchangeEnd();
  void drain() override;
  void drop() override;
  bool spare() const override;

  void onConnected(net::Connection&) override;
  void onData(net::Connection&, bool end) override;
  void onWritable(net::Connection&) override;
  void onClosed(net::Connection&, std::string_view reason) override;
  http::RequestSink& newRequest(http::ServerStream& stream) override;
  void onCodecClose(std::string_view reason) override;
  void onCodecOutput() override { touch(); }
  void atPassEnd() override;

 private:
  static constexpr size_t kInputMark = 64 * 1024;
  HttpConnectionManager(WorkerContext& worker, std::unique_ptr<net::Connection> connection,
                        uint16_t localPort, const ListenerFilters* filters, ClientPolicy policy);
  bool hasOtherPolicy(std::string_view host) const;
  bool chooseCodec(bool end);
  void useHttp1();
  void useHttp2();
  void pauseOrResume();
  void clientEnded();
  void updateTimer();
  void onTimeout();

  /// Where the connection stands, as its worker counts.
  enum class Phase : uint8_t { kReading, kWaiting, kBusy };
  void enter(Phase phase) {
    if (phase != phase_) leaveFor(phase);
  }
  void leaveFor(Phase phase);

  WorkerContext& worker_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<http::ServerCodec> codec_;
  http1::ServerCodec* http1_ = nullptr;  ///< codec_, if it is HTTP/1.
  http2::ServerCodec* http2_ = nullptr;  ///< codec_, if it is HTTP/2.
  const ListenerFilters* filters_;
  const ClientPolicy policy_;
  net::Address peer_;
  char peerIp_[46];
  uint8_t peerIpSize_ = 0;
  uint8_t localPortSize_;
  char localPortText_[5];
  const bool secure_;
  uint16_t localPort_;
  uint32_t requests_ = 0;
  const event::TimePoint began_;
  const uint64_t serial_;
  Phase phase_ = Phase::kReading;
  bool closed_ = false;
  bool inputEnded_ = false;
  bool more_ = false;
  bool readingPaused_ = false;
  enum class Waiting : uint8_t {
    kNothing,
    kHead,
    kRequest,
    kDiscard,  ///< The rest of a body that nobody wants any more.
  };
  Waiting waiting_ = Waiting::kNothing;
  event::TimePoint discardEnd_{};
  event::MemberTimer<HttpConnectionManager, &HttpConnectionManager::onTimeout> timer_{*this};
};

}  // namespace tollgate::proxy
