#pragma once

#include <memory>
#include <string_view>

#include "source/base/intrusive_list.h"
#include "source/event/event_loop.h"
#include "source/http/codec.h"
#include "source/http1/client_codec.h"
#include "source/net/connection.h"
#include "source/upstream/service.h"

namespace tollgate::upstream {

class OriginConnection;
class StreamPool;
struct Origin;

/// Where a stream is to lead. What it refers to lives as long as whoever asks.
struct Target {
  const Service& service;
  const net::Address& address;
  std::string_view serverName = {};  ///< Of TLS.
  bool fresh = false;                ///< Not on a connection that was kept.
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
};

struct IdleTag {};
struct IdleOfPlaceTag {};
struct IdleOfAllTag {};

/// One connection to an origin with its codec, from connecting to its end. With HTTP/1 it is itself
/// the one stream that it carries at a time.
class OriginConnection final : public net::ConnectionHandler,
                               public http::ClientStream,
                               public event::Deferred,
                               public ListLink<IdleTag>,
                               public ListLink<IdleOfPlaceTag>,
                               public ListLink<IdleOfAllTag> {
 public:
  OriginConnection(StreamPool& pool, Origin& origin, std::unique_ptr<net::Connection> connection);

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

 private:
  friend class StreamPool;
  void connect(std::chrono::milliseconds limit);
  void wait(StreamWaiter& waiter);
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
  IntrusiveList<StreamWaiter, WaiterTag> waiting_;  ///< Until it is connected.
  bool ready_ = false;
  bool closed_ = false;
  bool serving_ = false;  ///< HTTP/1: a request is under way.
  bool paused_ = false;
  uint64_t requests_ = 0;
  event::TimePoint begun_{};  ///< When connecting did.
  uint64_t before_ = 0;       ///< Bytes written for the requests before this one.
  event::MemberTimer<OriginConnection, &OriginConnection::onConnectTimeout> connectTimer_{*this};
  event::MemberTimer<OriginConnection, &OriginConnection::onIdleTimeout> idleTimer_{*this};
};

}  // namespace tollgate::upstream
