#pragma once

#include <memory>
#include <string_view>

#include "source/base/intrusive_list.h"
#include "source/event/event_loop.h"
#include "source/http/codec.h"
#include "source/http1/client_codec.h"
#include "source/http2/client_codec.h"
#include "source/net/connection.h"
#include "source/upstream/service.h"

namespace tollgate::upstream {

class OriginConnection;
class StreamPool;
struct Origin;

/// Where a stream is to lead. What it refers to lives as long as whoever asks.
struct Target {
  const Service* service = nullptr;
  const net::Address* address = nullptr;
  std::string_view serverName = {};  ///< Of TLS.
  bool fresh = false;                ///< Not on a connection of HTTP/1 that was kept.
  bool http1 = false;                ///< HTTP/2 is not to be offered: the request is an upgrade.

  Http2 http2() const {
    return http1 && service->http2 == Http2::kOffered ? Http2::kNever : service->http2;
  }
};

struct WaiterTag {};

/// Who waits for a stream. Calls come from the loop, and at most one of them.
class StreamWaiter : public ListLink<WaiterTag> {
 public:
  /// `reused`: its connection has carried requests before; that it closes without a byte of the
  /// response may mean only that the origin did not keep it any longer.
  virtual void onStreamReady(http::ClientStream& stream, bool reused) = 0;
  /// No connection came to be. `timedOut`: within the connect time limit.
  virtual void onStreamFailed(bool timedOut, std::string_view reason) = 0;

 protected:
  ~StreamWaiter() = default;

 private:
  friend class OriginConnection;
  friend class StreamPool;
  OriginConnection* connection_ = nullptr;  ///< That it waits for.
  Target target_;
};

struct IdleTag {};
struct IdleOfPlaceTag {};
struct IdleOfAllTag {};
struct SharedTag {};
struct OpeningTag {};

/// One connection to an origin with its codec, from connecting to its end. With HTTP/1 it is itself
/// the one stream that it carries at a time; with HTTP/2 its codec has many.
class OriginConnection final : public net::ConnectionHandler,
                               public http::ClientStream,
                               public http2::ClientCodecHandler,
                               public event::PassEnd,
                               public event::Deferred,
                               public ListLink<IdleTag>,
                               public ListLink<IdleOfPlaceTag>,
                               public ListLink<IdleOfAllTag>,
                               public ListLink<SharedTag>,
                               public ListLink<OpeningTag> {
 public:
  OriginConnection(StreamPool& pool, Origin& origin, Http2 http2,
                   std::unique_ptr<net::Connection> connection);

  // http::ClientStream
  void sendHead(const http::UpstreamRequest& request, bool end, int64_t contentLength,
                http::ResponseSink& sink) override;
  void sendBody(buffer::Buffer& data, bool end) override;
  void sendTrailers(const http::HeaderMap& trailers) override;
  void reset(http::StreamError error) override;
  bool congested() const override { return connection_->aboveHighMark(); }
  size_t queued() const override { return connection_->output().size(); }
  uint64_t sent() const override { return connection_->bytesWritten() - before_; }
  void pauseBody(bool pause) override;

  // net::ConnectionHandler
  void onConnected(net::Connection&) override;
  void onData(net::Connection&, bool end) override;
  void onWritable(net::Connection&) override;
  void onClosed(net::Connection&, std::string_view reason) override;

  // http2::ClientCodecHandler
  void onCodecStreams() override;
  void onCodecClose(std::string_view reason) override;
  void onCodecOutput() override { loop().atPassEnd(*this); }

  void atPassEnd() override;

 private:
  friend class StreamPool;
  event::EventLoop& loop() { return connection_->loop(); }
  void connect(std::chrono::milliseconds limit);
  void wait(StreamWaiter& waiter, const Target& target);
  void chooseCodec();
  bool hasRoom() const;
  void share();
  void retire(std::string_view reason);
  http::ClientStream& serve();
  void served();
  bool requestTaken() const;
  void failWaiters(std::string_view reason);
  void onConnectTimeout();
  void onIdleTimeout();
  void closeNow(std::string_view reason);

  StreamPool& pool_;
  Origin& origin_;  ///< gone once closed_
  std::unique_ptr<net::Connection> connection_;
  http1::ClientCodec http1_;
  std::unique_ptr<http2::ClientCodec> http2_;       ///< In place of http1_.
  IntrusiveList<StreamWaiter, WaiterTag> waiting_;  ///< Until it is connected.
  size_t waiters_ = 0;                              ///< That have come until then.
  const Http2 spoken_;
  bool ready_ = false;
  bool closed_ = false;
  bool serving_ = false;  ///< HTTP/1: a request is under way.
  bool paused_ = false;
  uint64_t requests_ = 0;
  event::TimePoint begun_{};  ///< When connecting did.
  uint64_t before_ = 0;       ///< Bytes written for the requests before this one.
  event::MemberTimer<OriginConnection, &OriginConnection::onConnectTimeout> connectTimer_{*this};
  /// Idle; or, once it is to close, taking its leave.
  event::MemberTimer<OriginConnection, &OriginConnection::onIdleTimeout> idleTimer_{*this};
};

}  // namespace tollgate::upstream
