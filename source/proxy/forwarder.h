#pragma once

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http/failure.h"
#include "source/proxy/endpoint_choice.h"
#include "source/proxy/origin_response.h"
#include "source/proxy/origin_watch.h"
#include "source/upstream/stream_pool.h"

namespace tollgate::proxy {

/// The attempts of one exchange at its origin: endpoint, stream, request, time limits, retries.
class Forwarder final : public upstream::StreamWaiter {
 public:
  Forwarder(ProxyExchange& exchange, buffer::SlabPool& slabs)
      : exchange_(exchange),
        response_(exchange),
        choice_(exchange),
        watch_(exchange),
        pending_(slabs),
        replay_(slabs) {}
  void reset();

  /// The request has passed its filters.
  void start();
  /// `fresh`: by a new connection, to where the last attempt went.
  void attempt(bool fresh);
  /// The endpoint of this attempt; `address` is to live as long as the exchange.
  void connect(const net::Address& address);
  /// The cluster has no endpoint left that may be used.
  void noTarget();
  /// Once more, if the request may be sent again, else the client is told.
  void attemptFailed(bool timedOut, bool requestSent, std::string_view detail);
  /// The stream broke. Where a kept connection had gone stale, or the origin has not looked at the
  /// request, that does not count as an attempt.
  void streamFailed(http::StreamError error, std::string_view detail);
  /// The origin has said everything: the stream is over.
  void streamEnded();
  /// Nothing is repeated any more: the response is there.
  void settle();
  /// Gives up whatever is under way.
  void drop();

  /// Body bytes that have passed the filters, from the client or from them.
  buffer::Buffer& pendingBody() { return pending_; }
  void replaceBody(std::string_view body);
  /// Of a body that filters may change.
  void forgetLength() { state_.contentLength = -1; }
  void setLength(int64_t length) { state_.contentLength = length; }
  int64_t length() const { return state_.contentLength; }
  /// Something was added to pendingBody(), or it has ended.
  void deliver();
  /// They end the request, and live as long as the exchange. What was given stays until it is sent,
  /// with every attempt, or taken back.
  void setTrailers(http::HeaderMap* trailers) { state_.trailers = trailers; }
  http::HeaderMap* trailers() const { return state_.trailers; }
  /// Bytes of the body that were taken and have not left yet.
  size_t held() const;
  /// Gives the copy of the body up that another attempt would send.
  void dropReplay();

  /// The origin takes more of the request.
  void writable();

  /// nullptr without one that carries the request.
  http::ClientStream* stream() const { return state_.stream; }
  EndpointChoice& choice() { return choice_; }
  OriginWatch& watch() { return watch_; }
  OriginResponse& response() { return response_; }

  // failure.cc
  /// Tells the operator of the last failure. `status`: the answer that it leads to; 0 where the
  /// response under way is cut short.
  void report(http::FailurePhase phase, std::string_view detail, int status);

  // upstream::StreamWaiter
  void onStreamReady(http::ClientStream& stream, bool reused) override;
  void onStreamFailed(bool timedOut, std::string_view reason) override;

 private:
  struct State {
    http::ClientStream* stream = nullptr;
    int64_t contentLength = -1;
    http::HeaderMap* trailers = nullptr;  ///< That end the body; nullptr without.
    event::TimePoint sought{};  ///< When the attempt under way began to look for its address.
    bool reused = false;        ///< The stream's connection has carried others before.
    bool replayable = true;
    bool anyBodySent = false;
    bool triedFresh = false;  ///< The one free retry after a stale connection is spent.
  };

  void noteAttempt(const net::Address& address);
  void sendRequest();
  std::string_view method() const;
  void sendPending();
  bool mayRetry(bool requestSent) const;
  bool mayRepeat() const;
  bool mayRenew(http::StreamError error) const;
  void dropStream(http::StreamError error);
  http::FailurePhase phase() const;

  ProxyExchange& exchange_;
  State state_;
  OriginResponse response_;
  EndpointChoice choice_;
  OriginWatch watch_;
  buffer::Buffer pending_;  ///< Request body not yet given to an upstream.
  buffer::Buffer replay_;   ///< What was given, kept by reference for a retry.
};

}  // namespace tollgate::proxy
