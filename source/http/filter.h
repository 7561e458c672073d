#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/ref.h"
#include "source/base/result.h"
#include "source/http/codec.h"

/// The HTTP filter interface: seven hooks, two answers, all hooks defaulting to "not interested".
namespace tollgate::event {
class EventLoop;
}
namespace tollgate::net {
class Address;
struct PeerCertificate;
}  // namespace tollgate::net

namespace tollgate::http {

class Exchange;

enum class Action : uint8_t {
  kContinue,
  kPause,  ///< Stop this direction until a PauseHandle resumes it, or the exchange is answered.
};

/// Bits of the hooks a filter has; hooks that nobody has are never walked.
enum Hook : uint8_t {
  kRequestHeaders = 1 << 0,
  kRequestBody = 1 << 1,
  kUpstreamRequest = 1 << 2,
  kResponseHeaders = 1 << 3,
  kResponseBody = 1 << 4,
  kTrailers = 1 << 5,
  kComplete = 1 << 6,
};

enum class Direction : uint8_t { kRequest, kResponse };

enum class BodyNeed : uint8_t { kNone, kStream, kWhole };

/// Behaviour with its configuration; immutable and shared by all workers. What belongs to one
/// exchange lives in `state` (stateBytes() zeroed bytes in the exchange's arena).
class HttpFilter {
 public:
  virtual ~HttpFilter() = default;

  virtual uint8_t hooks() const = 0;
  virtual size_t stateBytes() const { return 0; }
  virtual BodyNeed requestBodyNeed() const { return BodyNeed::kNone; }
  virtual size_t requestBodyLimit() const { return 0; }
  virtual BodyNeed responseBodyNeed() const { return BodyNeed::kNone; }
  virtual size_t responseBodyLimit() const { return 0; }
  /// Asked of a filter with responseBodyNeed() kWhole before this response's body is awaited; false
  /// for those that do not concern it (an event stream would not end).
  virtual bool wantsResponseBody(Exchange&, const ResponseHead&) const { return true; }
  /// False if the body hooks only look on: the message then keeps its Content-Length.
  virtual bool changesBody() const { return true; }
  /// Reads again the files that the filter was made from; on failure all stays as it was. Called
  /// for filters of a listener when the process is told to reload. Main thread.
  virtual Status reload() const { return {}; }

  /// A filter that needs the whole body is called when it is there (Exchange::wholeRequestBody).
  virtual Action onRequestHeaders(Exchange&, void* state) const { return Action::kContinue; }
  /// Body bytes on their way to the origin, after the head passed every filter; take out of `data`
  /// and put into it what should go on. `end` comes once and last, maybe without bytes; never for a
  /// request without a body. kPause keeps `data` until the handle resumes it: what comes meanwhile
  /// waits before the first filter, and the client is stopped when that becomes much.
  virtual Action onRequestBody(Exchange&, void* state, buffer::Buffer& data, bool end) const {
    return Action::kContinue;
  }
  /// Per attempt, after the endpoint was chosen: edit the `headers` that go upstream. They are this
  /// attempt's own: the next one begins with what the request filters have left.
  virtual void onUpstreamRequest(Exchange&, void* state, HeaderMap& headers) const {}
  /// Of the origin's response or a local reply. kPause holds head and body back.
  virtual Action onResponseHeaders(Exchange&, void* state, ResponseHead& head) const {
    return Action::kContinue;
  }
  /// As onRequestBody, on the way to the client, after the head went out.
  virtual Action onResponseBody(Exchange&, void* state, buffer::Buffer& data, bool end) const {
    return Action::kContinue;
  }
  /// After the last body bytes of that direction, if trailers followed.
  virtual void onTrailers(Exchange&, void* state, Direction, HeaderMap&) const {}
  /// Exactly once, when the exchange is over.
  virtual void onComplete(Exchange&, void* state) const {}
};

/// The filters that a consumer gets on whatever route, by their names. Immutable.
struct ConsumerFilters : RefCounted<ConsumerFilters> {
  std::vector<std::pair<std::string, std::shared_ptr<const HttpFilter>>> entries;

  const HttpFilter* find(std::string_view name) const {
    for (const auto& [own, filter] : entries) {
      if (own == name) return filter.get();
    }
    return nullptr;
  }
};

/// A consumer as filters see it. Immutable, owned by the snapshot.
struct Consumer {
  std::string_view id;
  std::string_view username;  ///< "" if unset
  std::string_view customId;  ///< "" if unset
  Ref<const ConsumerFilters> filters;
  bool wellFormed = false;  ///< All three texts are known to be fit for header fields.
};

/// A key-auth credential, found by key.
struct KeyCredential {
  std::string_view id;
  int64_t expiresAtUnix = 0;  ///< 0: never
  uint32_t consumer = 0;      ///< The number of its consumer in the directory.
};

/// A credential with the consumer that it lets in; both or neither.
struct KeyOwner {
  const KeyCredential* credential = nullptr;
  const Consumer* consumer = nullptr;
};

/// Consumers and credentials of the snapshot that an exchange runs under; any worker, lock-free.
class Directory {
 public:
  virtual ~Directory() = default;
  /// A credential whose consumer is gone counts as unknown.
  virtual KeyOwner findKey(std::string_view key) const = 0;
  virtual const Consumer* findConsumerById(std::string_view id) const = 0;
  virtual const Consumer* findConsumerByName(std::string_view username) const = 0;
};

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

/// One request and its response as filters see it. What filters ask for most is kept here, so that
/// to ask is to load.
class Exchange {
 public:
  RequestHead& request() { return *request_; }
  ResponseHead& response() { return *response_; }
  Arena& arena() { return arena_; }
  event::EventLoop& loop() { return loop_; }
  virtual const Directory& directory() = 0;
  virtual PauseHandle pauseHandle() = 0;

  /// Answers locally, once, before response headers went out. Response hooks still run; in a
  /// response hook it replaces the origin's response (fields and body) for the filters that follow.
  /// `message`
  /// becomes the negotiated error body ({"message":…,"request_id":…}); extra headers may be added
  /// to response().headers before the call.
  virtual void replyError(int status, std::string_view message) = 0;
  /// Answers with this body exactly. `contentType` "" for none.
  virtual void reply(int status, std::string_view contentType, std::string_view body) = 0;

  virtual std::string_view requestId() = 0;
  virtual std::string_view normalizedPath() = 0;  ///< Decoded, dot-free, without the query.
  virtual std::string_view query() = 0;           ///< After "?", without it; "" if none.
  /// Replaces the query that is forwarded (must live in the arena); "" removes it.
  virtual void setQuery(std::string_view query) = 0;
  /// The target as the access log will show it: as received unless a filter took a secret out.
  virtual std::string_view loggedTarget() = 0;
  /// `target` must live in the arena.
  virtual void setLoggedTarget(std::string_view target) = 0;
  virtual const net::Address& clientAddress() = 0;  ///< After real-ip handling.
  std::string_view clientIp() const { return clientIp_; }
  virtual bool secure() = 0;

  virtual std::string_view routeId() = 0;  ///< "" before routing or without a match
  virtual std::string_view serviceId() = 0;

  /// Authentication outcome: selects consumer-scoped configurations of the filters that follow.
  void setConsumer(const Consumer* consumer, std::string_view credentialId) {
    consumer_ = consumer;
    credentialId_ = credentialId;
  }
  const Consumer* consumer() const { return consumer_; }
  std::string_view credentialId() const { return credentialId_; }  ///< "" if none

  /// The whole request body when a filter declared BodyNeed::kWhole and it fitted the limit.
  virtual const buffer::Buffer* wholeRequestBody() = 0;
  virtual void replaceRequestBody(std::string_view body) = 0;
  /// The whole response body in a response-header hook, likewise.
  virtual const buffer::Buffer* wholeResponseBody() = 0;
  /// Only where wholeResponseBody() has given one.
  virtual void replaceResponseBody(std::string_view body) = 0;

  /// The client's certificate that the listener has verified; nullptr without one.
  virtual const net::PeerCertificate* peerCertificate() = 0;
  /// Who is asking, for the record of what an administrator changes; must live in the arena.
  virtual void setActor(std::string_view name) = 0;
  virtual std::string_view actor() = 0;  ///< "" if nobody said

 protected:
  explicit Exchange(event::EventLoop& loop) : loop_(loop) {}
  ~Exchange() = default;
  friend class PauseHandle;
  virtual bool alive(uint32_t generation) const = 0;
  virtual void resumePaused(uint32_t turn) = 0;

  event::EventLoop& loop_;
  Arena arena_;  ///< Where all of this exchange lives; before what refers to it.
  RequestHead* request_ = nullptr;
  ResponseHead* response_ = nullptr;
  const Consumer* consumer_ = nullptr;
  std::string_view credentialId_;
  std::string_view clientIp_;
};

}  // namespace tollgate::http
