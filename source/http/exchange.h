#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/http/codec.h"
#include "source/http/exchange_info.h"
#include "source/net/address.h"

/// One request and its response as filters see them.
namespace tollgate::http {

class Directory;
class Exchange;

/// Resumes what the hook that took it has paused; harmless when the exchange is gone or that pause
/// is over. Same worker only.
class PauseHandle {
 public:
  PauseHandle() = default;
  /// `turn`: which pause of the exchange it is for.
  PauseHandle(Exchange* exchange, uint32_t generation, uint32_t turn)
      : exchange_(exchange), generation_(generation), turn_(turn) {}
  /// The exchange, or nullptr if it is gone (exchanges are recycled, never freed, by their worker).
  Exchange* get() const;
  /// Continues with the filter after the one that paused, from the loop.
  void resume() const;

 private:
  Exchange* exchange_ = nullptr;
  uint32_t generation_ = 0;
  uint32_t turn_ = 0;
};

/// The connection that a request came by.
struct ClientConnection {
  net::Address local;     ///< Our end of it.
  uint64_t serial = 0;    ///< Its number among those of its worker.
  uint32_t requests = 0;  ///< That have come by it, this one included.
};

/// One request and its response as filters see it. What filters ask for most is kept here, so that
/// to ask is to load. Who answers within a hook may go on using it: an exchange that has ended is
/// given up at the end of the loop's pass.
class Exchange {
 public:
  RequestHead& request() { return *request_; }
  ResponseHead& response() { return *response_; }
  Arena& arena() { return arena_; }
  event::EventLoop& loop() { return loop_; }
  const ExchangeInfo& info() const { return info_; }
  virtual const Directory& directory() = 0;
  PauseHandle pauseHandle() { return {this, generation_, turn_}; }

  /// Answers locally, once, before response headers went out. Response hooks still run; in a
  /// response hook it replaces the origin's response (fields and body) for the filters that follow.
  /// `message` becomes the negotiated error body ({"message":…,"request_id":…}); extra headers may
  /// be added to response().headers before the call.
  virtual void replyError(int status, std::string_view message) = 0;
  /// Answers with this body exactly. `contentType` "" for none.
  virtual void reply(int status, std::string_view contentType, std::string_view body) = 0;

  std::string_view requestId() const { return info_.requestId; }
  std::string_view normalizedPath() const { return info_.path; }
  std::string_view query() const { return info_.query; }
  /// Replaces the query that is forwarded (must live in the arena); "" removes it.
  void setQuery(std::string_view query) {
    info_.query = query;
    info_.hasQuery = !query.empty();
  }
  /// What the origin is asked for in place of what the client has asked for; before the request is
  /// sent. Each must live in the arena; methods, paths and hosts that are no HTTP are the caller's
  /// to refuse.
  void setMethod(std::string_view method) { edits().method = method; }
  /// The whole path, in which the service's own has no part any more; percent-encoded, without the
  /// query.
  void setForwardedPath(std::string_view path) { edits().path = path; }
  /// Goes before the route's preserve_host and the name of the service.
  void setHost(std::string_view host) { edits().host = host; }
  /// What a group (its name or number, 0: the whole match) of the route's regular expression took
  /// of the path; nullopt where there is no such group.
  virtual std::optional<std::string_view> uriCapture(std::string_view group) = 0;
  bool hasRequestBody() const { return info_.hasBody; }
  virtual ClientConnection clientConnection() = 0;
  /// For the records of others; must live in the arena.
  void setCorrelationId(std::string_view id) { info_.correlationId = id; }
  /// The target as the access log will show it: as received unless a filter took a secret out.
  std::string_view loggedTarget() const {
    return info_.loggedTarget.empty() ? request_->target : info_.loggedTarget;
  }
  /// `target` must live in the arena.
  void setLoggedTarget(std::string_view target) { info_.loggedTarget = target; }
  const net::Address& clientAddress() const { return *info_.client; }  ///< After real-ip handling.
  std::string_view clientIp() const { return info_.clientIp; }
  bool secure() const { return info_.secure; }

  /// "" before routing or without a match.
  std::string_view routeId() const { return idOf(info_.route); }
  std::string_view serviceId() const { return idOf(info_.service); }

  /// Authentication outcome: selects consumer-scoped configurations of the filters that follow.
  void setConsumer(const Consumer* consumer, std::string_view credentialId) {
    info_.consumer = consumer;
    info_.credentialId = credentialId;
  }
  const Consumer* consumer() const { return info_.consumer; }
  std::string_view credentialId() const { return info_.credentialId; }  ///< "" if none

  /// In the request hook of a filter that collects the body (BodyPolicy): all of it, or where the
  /// policy says so the part that has come. nullptr without a body, or if it is too large.
  virtual const buffer::Buffer* wholeRequestBody() = 0;
  /// Of a request whose body is there, or that has none.
  virtual void replaceRequestBody(std::string_view body) = 0;
  /// The whole response body in a response-header hook, likewise.
  virtual const buffer::Buffer* wholeResponseBody() = 0;
  /// Only where wholeResponseBody() has given one.
  virtual void replaceResponseBody(std::string_view body) = 0;

  /// The client's certificate that the listener has verified; nullptr without one.
  virtual const net::PeerCertificate* peerCertificate() = 0;
  /// Who is asking, for the record of what an administrator changes; must live in the arena.
  void setActor(std::string_view name) { info_.actor = name; }
  std::string_view actor() const { return info_.actor; }  ///< "" if nobody said

 protected:
  explicit Exchange(event::EventLoop& loop) : loop_(loop) {}
  ~Exchange() = default;
  friend class PauseHandle;
  virtual void resumePaused(uint32_t turn) = 0;

  event::EventLoop& loop_;
  Arena arena_;  ///< Where all of this exchange lives; before what refers to it.
  RequestHead* request_ = nullptr;
  ResponseHead* response_ = nullptr;
  ExchangeInfo info_;
  uint32_t generation_ = 0;  ///< Of a recycled exchange: tells a later use from this one.
  uint32_t turn_ = 1;        ///< Of the next pause; told to handles.
  bool alive_ = false;       ///< From its begin to its end.

 private:
  TargetEdits& edits() {
    if (info_.edits == nullptr) info_.edits = arena_.make<TargetEdits>();
    return *info_.edits;
  }
  static std::string_view idOf(const Named* named) {
    return named != nullptr ? std::string_view(named->id) : std::string_view();
  }
};

}  // namespace tollgate::http
