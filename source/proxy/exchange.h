#pragma once

#include "source/http/codec.h"
#include "source/http/exchange.h"
#include "source/proxy/client_watch.h"
#include "source/proxy/filter_walk.h"
#include "source/proxy/forwarder.h"
#include "source/proxy/request_headers.h"
#include "source/proxy/responder.h"
#include "source/proxy/worker_context.h"

namespace tollgate::proxy {

class HttpConnectionManager;

/// How far an exchange has come.
enum class Phase : uint8_t {
  kFiltering,   ///< Request filters run, or one has paused.
  kResolving,   ///< Waiting for the origin's address.
  kConnecting,  ///< Waiting for an upstream connection.
  kForwarding,  ///< The request is with the origin, no response head yet.
  kHolding,     ///< The response head is there; filters look at it or hold it back.
  kResponding,  ///< The response head went to the client.
  kDone,        ///< The response is complete (the request's body may not be).
};

/// One request and its response, from the head to the log line: what its codec says of the request
/// comes in here, and its parts do the rest. They are members, made once and recycled with it by
/// its worker, and know each other through it. What each of them knows of one request stands in one
/// value, so that nothing of it can be left for the next.
class ProxyExchange final : public http::Exchange, public http::RequestSink {
 public:
  explicit ProxyExchange(WorkerContext& worker);
  ~ProxyExchange();

  void begin(HttpConnectionManager& manager, http::ServerStream& stream);
  /// Of an exchange that has ended, once nothing of it is running: tells the filters and the access
  /// log of it, and forgets it. Called by the worker that recycles it.
  void finish();

  // http::RequestSink
  void onRequestHead(bool end) override;
  void onRequestBody(buffer::Buffer& data, bool end) override;
  size_t heldBody() const override;
  void dropSpareBody() override { forwarder_.dropReplay(); }
  void onRequestTrailers(http::HeaderMap& trailers) override;
  void onRequestReset(http::StreamError error) override;
  void onResponseWritable() override;
  void onRequestError(int status, std::string_view reason) override;
  http::RequestHead& request() override { return *request_; }
  Arena& arena() override { return arena_; }
  void pin(buffer::SlabRef slab) override {
    state_.pins = arena_.make<PinnedSlab>(std::move(slab), state_.pins);
  }

  // http::Exchange
  const http::Directory& directory() override { return *state_.pinned->snapshot->directory; }
  void replyError(int status, std::string_view message) override;
  void reply(int status, std::string_view contentType, std::string_view body) override;
  const buffer::Buffer* wholeRequestBody() override { return walk_.wholeRequest(); }
  void replaceRequestBody(std::string_view body) override;
  const buffer::Buffer* wholeResponseBody() override { return walk_.wholeResponse(); }
  void replaceResponseBody(std::string_view body) override { walk_.replaceResponse(body); }
  const net::PeerCertificate* peerCertificate() override;
  std::optional<std::string_view> uriCapture(std::string_view group) override;
  http::ClientConnection clientConnection() override;

 protected:
  void resumePaused(uint32_t turn) override;

 private:
  // The parts of one object.
  friend class BodyWalk;
  friend class ClientWatch;
  friend class EndpointChoice;
  friend class FilterWalk;
  friend class OriginResponse;
  friend class OriginWatch;
  friend class Forwarder;
  friend class Responder;

  /// A slab that header views point into, in the arena.
  struct PinnedSlab {
    PinnedSlab(buffer::SlabRef slab, PinnedSlab* next) : slab(std::move(slab)), next(next) {}
    buffer::SlabRef slab;
    PinnedSlab* next;
  };

  struct State {
    HttpConnectionManager* manager = nullptr;
    http::ServerStream* stream = nullptr;  ///< nullptr once nothing can be sent on it.
    WorkerContext::Pinned* pinned = nullptr;
    const Route* route = nullptr;
    const upstream::Service* service = nullptr;  ///< Of the route; nullptr if it has none.
    PinnedSlab* pins = nullptr;
    RoutedTarget target;
    ClientHop hop;
    Phase phase = Phase::kFiltering;
    bool hasBody = false;
    bool bodyEnded = false;     ///< The client has sent its last body byte.
    bool requestEnded = false;  ///< It has passed the filters.
    bool localReply = false;    ///< The response is ours.
    bool tunnel = false;        ///< After 101: both sides send what they like.
  };

  /// Has the client's connection flushed at the end of the pass, if there still is an exchange.
  void touch();
  void routeRequest();
  /// Every request filter let it pass.
  void filtersPassed();
  /// Lets a client that asked first send its body.
  void sendContinue();
  /// The last of the body has come, whatever filters still hold of it.
  void bodyEnded();
  ForwardedRequest forwarded() const {
    return {*request_,       info_,           state_.target, *state_.route,
            *state_.service, *state_.manager, worker_};
  }
  /// The last byte of the response was given to the codec.
  void finishResponse();
  /// Nothing goes in or out any more. What is due then waits for the end of the pass: a hook that
  /// has answered, or whoever has called it, may still be at work on this exchange.
  void end();
  void log();
  /// What the client has sent stays as it is for those who log, when the fields for the origin are
  /// made of it.
  void keepClientFields();
  /// Completes what is known for those who log: the client's TLS, the origin's target.
  void tellTls();
  /// The response head said 101: both sides speak another protocol from now on.
  void startTunnel();
  void unpinSlabs();
  void reset();

  WorkerContext& worker_;
  State state_;
  char requestId_[32];  ///< Made anew for each request.
  FilterWalk walk_;
  Forwarder forwarder_;
  Responder responder_;
  ClientWatch client_;
};

}  // namespace tollgate::proxy
