#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "source/http/codec.h"
#include "source/http/filter.h"
#include "source/proxy/endpoint_choice.h"
#include "source/proxy/filter_chain.h"
#include "source/proxy/worker_context.h"

namespace tollgate::proxy {

class HttpConnectionManager;

/// One request and its response, from the head to the log line. Recycled by its worker:
/// `generation` tells a later use from this one. The parts of its way stand in eight files:
/// exchange.cc (life and request filters), forwarder.cc (attempts upstream), time_limits.cc,
/// response_filters.cc and body_filters.cc (only where a filter has such a hook),
/// request_headers.cc, reply.cc and failure.cc.
class ProxyExchange final : public http::Exchange,
                            public http::RequestSink,
                            public http::ResponseSink,
                            public upstream::UpstreamUser {
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
  void onRequestTrailers(http::HeaderMap& trailers) override;
  void onRequestReset(http::StreamError error) override;
  void onResponseWritable() override;
  void onRequestError(int status, std::string_view reason) override;
  http::RequestHead& request() override { return *request_; }
  Arena& arena() override { return arena_; }
  void pin(buffer::SlabRef slab) override {
    pins_ = arena_.make<PinnedSlab>(std::move(slab), pins_);
  }

  // http::ResponseSink
  void onInformational(int status, http::HeaderMap& headers) override;
  void onResponseHead(bool end) override;
  void onResponseBody(buffer::Buffer& data, bool end) override;
  void onResponseTrailers(http::HeaderMap& trailers) override;
  void onResponseError(http::StreamError error, std::string_view detail) override;
  void onRequestWritable() override {}
  http::ResponseHead& response() override { return *response_; }

  // upstream::UpstreamUser
  void onUpstreamReady(upstream::UpstreamConnection& connection) override;
  void onUpstreamFailed(bool timedOut, std::string_view reason) override;
  void onUpstreamWritable() override;

  // http::Exchange
  const http::Directory& directory() override { return *pinned_->snapshot->directory; }
  void replyError(int status, std::string_view message) override;
  void reply(int status, std::string_view contentType, std::string_view body) override;
  const buffer::Buffer* wholeRequestBody() override;
  void replaceRequestBody(std::string_view body) override;
  const buffer::Buffer* wholeResponseBody() override;
  void replaceResponseBody(std::string_view body) override;
  const net::PeerCertificate* peerCertificate() override;

 protected:
  void resumePaused(uint32_t turn) override;

 private:
  friend class WorkerContext;
  friend class HttpConnectionManager;

  enum class State : uint8_t {
    kFiltering,   ///< Request filters run, or one has paused.
    kResolving,   ///< Waiting for the origin's address.
    kConnecting,  ///< Waiting for an upstream connection.
    kForwarding,  ///< The request is with the origin, no response head yet.
    kHolding,     ///< The response head is there; filters look at it or hold it back.
    kResponding,  ///< The response head went to the client.
    kDone,        ///< The response is complete (the request's body may not be).
  };

  enum class ClientWait : uint8_t { kNothing, kBody, kReading };

  /// Bytes of a body that are held before their source is stopped; what goes on within a call of
  /// the codec comes on top.
  static constexpr size_t kHeldMark = 256 * 1024;

  /// A slab that header views point into, in the arena.
  struct PinnedSlab {
    PinnedSlab(buffer::SlabRef slab, PinnedSlab* next) : slab(std::move(slab)), next(next) {}
    buffer::SlabRef slab;
    PinnedSlab* next;
  };

  // exchange.cc
  void unpinSlabs();
  /// Has the client's connection flushed at the end of the pass, if there still is an exchange.
  void touch();
  void routeRequest();
  void continueFilters();
  bool runRequestFilters(size_t until);
  void sendContinue();
  bool collectRequest(const http::HttpFilter& filter);
  void bodyCollected();
  bool bodyComplete() const;
  void finishResponse();
  void end();
  void log();
  void clear();

  // response_filters.cc
  bool filterResponse(bool end);
  void filterReply(std::string_view body);
  bool walkResponseHeaders();
  bool collectResponse(const FilterChain::Step& step);
  bool responseCollected() const;
  void continueResponse();
  void commitResponse();

  // body_filters.cc
  FilteredBodies& bodies();
  bool startRequestBodyFilters();
  void filterRequestBody(buffer::Buffer& data, bool end, http::HeaderMap* trailers);
  void filterResponseBody(buffer::Buffer& data, bool end, http::HeaderMap* trailers);
  void pumpRequestBody();
  void pumpResponseBody();
  bool runBodyFilters(http::Direction direction, buffer::Buffer& out, bool& ended);
  void runTrailerFilters(http::Direction direction, http::HeaderMap& trailers);
  void releaseUpstream();
  void balanceUpstream();

  // request_headers.cc
  void findClient();
  void leaveClientHop();
  void prepareRequestHeaders();
  void addOwnFields(http::HeaderMap& headers);
  /// Our `line`, if nobody before us has left one; else "", and that one is made longer.
  std::string_view viaLine(http::HeaderMap& headers, std::string_view line) {
    if (!headers.has(http::HeaderCode::kVia)) return line;
    lengthenVia(headers, line);
    return {};
  }
  void lengthenVia(http::HeaderMap& headers, std::string_view line);
  std::string_view hostName() const;
  std::string_view upstreamTarget();
  bool targetStays() const;
  bool isTrusted(const net::Address& address) const;
  bool trustedPeer() const;

  // forwarder.cc
  void forward();
  void attempt(bool fresh);
  void withOneOf(const std::vector<net::Address>& addresses, uint16_t port);
  void withAddress(const net::Address& address);
  void sendRequest();
  const http::HeaderMap* filterAttempt();
  void sendPending();
  void deliverRequestBody();
  void balanceClient();
  void requestBodyEnded();
  void sendRequestTrailers(http::HeaderMap& trailers);
  void attemptFailed(bool timedOut, bool requestSent, std::string_view detail);
  bool mayRetry(bool requestSent) const;
  void dropUpstream();
  void startTunnel();

  // time_limits.cc
  void awaitBody();
  void awaitReader();
  void stopAwaitingClient() {
    clientWait_ = ClientWait::kNothing;
    event::EventLoop::cancel(clientTimer_);
  }
  void onClientTimeout();
  void checkReader();
  void armUpstreamTimer(std::chrono::milliseconds limit);
  void watchOrigin();
  bool originMaySend();
  void onUpstreamTimeout();

  // failure.cc
  /// Tells the operator of the last failure. `status`: the answer that it leads to; 0 where the
  /// response under way is cut short.
  void reportFailure(http::FailurePhase phase, std::string_view detail, int status);
  void reportNoTarget();
  http::FailurePhase failurePhase() const;

  // endpoint_choice.cc
  void enterCluster();
  void attemptInCluster();
  void waitForCluster();
  void resolveAndConnect(const std::string& host, uint16_t port);
  void setTargetHost();
  /// To an Admin API of this node that asks nobody who they are, for somebody who was not asked.
  bool leadsToOpenAdmin(const net::Address& address) {
    const net::OpenAdmin* open = worker_.settings.openAdmin.get();
    return open != nullptr && open->reachedBy(address) && !authenticated();
  }
  bool authenticated();
  void refuseOpenAdmin();
  void endpointFailed(bool timedOut, bool last);
  void endpointAnswered();
  void leaveEndpoint();
  void leaveCluster();
  void setHashCookie();
  uint32_t requestHash(const upstream::ClusterSpec& spec);
  std::optional<std::string_view> hashValue(const upstream::HashInput& input,
                                            const upstream::ClusterSpec& spec);

  // reply.cc
  void enforceProtocol();
  bool protocolAllowed();
  /// An answer that is no filter's: `message` becomes the negotiated error body.
  void answerError(int status, std::string_view message,
                   http::AnsweredBy who = http::AnsweredBy::kGateway);
  void engineError(int status, http::AnsweredBy who = http::AnsweredBy::kEngine);
  void refusePath();
  void closeHttp1();
  void sendEngineError(int status, std::string_view form, http::AnsweredBy who);
  void sendReply(int status, std::string_view contentType, std::string_view body,
                 http::AnsweredBy who);
  void sendLocal(std::string_view body);
  void addProxyHeaders(bool local);
  void sendHead(bool end);

  WorkerContext& worker_;
  HttpConnectionManager* manager_ = nullptr;
  http::ServerStream* stream_ = nullptr;
  WorkerContext::Pinned* pinned_ = nullptr;
  const Route* route_ = nullptr;
  const upstream::Service* service_ = nullptr;  ///< Of the route; nullptr if it has none.
  FilterChain filters_;
  FilteredBodies* bodies_ = nullptr;           ///< In the arena; clear() destroys it.
  http::HeaderMap* attemptHeaders_ = nullptr;  ///< As filters have made them for this attempt.
  PinnedSlab* pins_ = nullptr;

  std::string_view matchedPrefix_;
  const void* matchedRegex_ = nullptr;  ///< Of the route's path, for RouteTable::capture().
  std::string_view rawPath_;            ///< As received, without the query.
  route::HostName host_;
  char requestId_[32];

  upstream::UpstreamConnection* upstream_ = nullptr;
  upstream::UpstreamConnection* pendingUpstream_ = nullptr;
  uint64_t resolving_ = 0;
  EndpointChoice choice_;
  buffer::Buffer pendingBody_;        ///< Request body not yet given to an upstream.
  buffer::Buffer replayBody_;         ///< What was given, kept by reference for a retry.
  event::TimePoint clientSince_{};    ///< When clientBytes_ was taken.
  event::TimePoint clientMoved_{};    ///< When body bytes came last.
  uint64_t clientBytes_ = 0;          ///< What clientWait_ counts by, when its timer was armed.
  event::TimePoint upstreamMoved_{};  ///< When the origin took bytes last, as far as is known.
  uint64_t upstreamTook_ = 0;         ///< Bytes written to it by then.
  int64_t contentLength_ = -1;
  size_t requestLimit_ = 0;   ///< Of the filter that awaits the whole body.
  size_t responseLimit_ = 0;  ///< Likewise of the response.
  size_t addressIndex_ = 0;
  uint32_t pausedRequest_ = 0;   ///< The pause of that direction under way; 0: none.
  uint32_t pausedResponse_ = 0;  ///< Likewise.

  State state_ = State::kFiltering;
  ClientWait clientWait_ = ClientWait::kNothing;  ///< What the client timer is for.
  bool bodyEnded_ = false;                        ///< The client has sent its last body byte.
  bool requestEnded_ = false;
  bool responseEnded_ = false;
  bool simplePath_ = false;  ///< See route::TargetScan.
  bool hasBody_ = false;
  bool pathMatched_ = false;
  bool upgrade_ = false;
  bool upgradeAsked_ = false;    ///< Whether or not it was passed on.
  bool trailersWanted_ = false;  ///< The client takes trailers (TE).
  bool replayable_ = true;
  bool anyBodySent_ = false;
  bool bodyPaused_ = false;
  bool upstreamPaused_ = false;
  bool upstreamSending_ = false;  ///< Its timer has found bytes that it has not taken.
  bool tunnel_ = false;
  bool triedFresh_ = false;  ///< The one free retry after a stale kept-alive connection is spent.
  bool admitted_ = false;    ///< The listener's filters let it through to the plugins.
  bool collecting_ = false;  ///< The whole request body is awaited before a filter runs.
  bool walking_ = false;     ///< Response-header hooks run now.
  bool headEnd_ = false;     ///< The response that is held has no body.
  bool localReply_ = false;  ///< The response is ours.
  bool collectingResponse_ = false;
  event::MemberTimer<ProxyExchange, &ProxyExchange::onUpstreamTimeout> upstreamTimer_{*this};
  event::MemberTimer<ProxyExchange, &ProxyExchange::onClientTimeout> clientTimer_{*this};
};

}  // namespace tollgate::proxy
