#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/ref.h"
#include "source/http/codec.h"

/// The HTTP filter interface: seven hooks, two answers, all hooks defaulting to "not interested".
namespace tollgate::event {
class EventLoop;
}
namespace tollgate::net {
class Address;
}

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

  virtual Action onRequestHeaders(Exchange&, void* state) const { return Action::kContinue; }
  virtual Action onRequestBody(Exchange&, void* state, buffer::Buffer& data, bool end) const {
    return Action::kContinue;
  }
  /// Per attempt, after the endpoint was chosen: edit `request` headers that go upstream.
  virtual void onUpstreamRequest(Exchange&, void* state, HeaderMap& headers) const {}
  virtual Action onResponseHeaders(Exchange&, void* state, ResponseHead& head) const {
    return Action::kContinue;
  }
  virtual Action onResponseBody(Exchange&, void* state, buffer::Buffer& data, bool end) const {
    return Action::kContinue;
  }
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
};

/// A key-auth credential, found by key.
struct KeyCredential {
  std::string_view id;
  int64_t expiresAtUnix = 0;  ///< 0: never
  uint32_t consumer = 0;      ///< For Directory::consumerOf().
};

/// Consumers and credentials of the snapshot that an exchange runs under; any worker, lock-free.
class Directory {
 public:
  virtual ~Directory() = default;
  virtual const KeyCredential* findKey(std::string_view key) const = 0;
  /// The consumer of a credential, by its number; nullptr if it is gone: then the credential counts
  /// as unknown.
  virtual const Consumer* consumerOf(uint32_t number) const = 0;
  virtual const Consumer* findConsumerById(std::string_view id) const = 0;
  virtual const Consumer* findConsumerByName(std::string_view username) const = 0;
};

/// Resumes a paused exchange later; harmless when the exchange is gone. Same worker only.
class PauseHandle {
 public:
  PauseHandle() = default;
  PauseHandle(Exchange* exchange, uint32_t generation)
      : exchange_(exchange), generation_(generation) {}
  /// The exchange, or nullptr if it is gone (exchanges are recycled, never freed, by their worker).
  Exchange* get() const;
  /// Continues with the filter after the one that paused, from the loop.
  void resume() const;

 private:
  Exchange* exchange_ = nullptr;
  uint32_t generation_ = 0;
};

/// One request and its response as filters see it.
class Exchange {
 public:
  virtual RequestHead& request() = 0;
  virtual ResponseHead& response() = 0;
  virtual Arena& arena() = 0;
  virtual event::EventLoop& loop() = 0;
  virtual const Directory& directory() = 0;
  virtual PauseHandle pauseHandle() = 0;

  /// Answers locally, once, before response headers went out. Response hooks still run. `message`
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
  virtual const net::Address& clientAddress() = 0;  ///< After real-ip handling.
  virtual std::string_view clientIp() = 0;
  virtual bool secure() = 0;

  virtual std::string_view routeId() = 0;  ///< "" before routing or without a match
  virtual std::string_view serviceId() = 0;

  /// Authentication outcome: selects consumer-scoped configurations of the filters that follow.
  virtual void setConsumer(const Consumer* consumer, std::string_view credentialId) = 0;
  virtual const Consumer* consumer() = 0;
  virtual std::string_view credentialId() = 0;  ///< "" if none

  /// The whole request body when a filter declared BodyNeed::kWhole and it fitted the limit.
  virtual const buffer::Buffer* wholeRequestBody() = 0;
  virtual void replaceRequestBody(std::string_view body) = 0;

 protected:
  ~Exchange() = default;
  friend class PauseHandle;
  virtual bool alive(uint32_t generation) const = 0;
  virtual void resumePaused() = 0;
};

}  // namespace tollgate::http
