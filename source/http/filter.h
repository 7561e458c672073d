#pragma once

#include <cstdint>

#include "source/base/result.h"
#include "source/http/body_policy.h"
#include "source/http/directory.h"
#include "source/http/exchange.h"
#include "source/http/state_slot.h"

/// The HTTP filter interface: seven hooks, two answers, all hooks defaulting to "not interested".
namespace tollgate::http {

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
  kLog = 1 << 6,
};

enum class Direction : uint8_t { kRequest, kResponse };

/// A filter as the engine sees it: behaviour with its configuration; immutable and shared by all
/// workers. What belongs to one exchange lives in its slot. Filters are written as an
/// http::Filter (typed_filter.h), which fills in most of this.
class HttpFilter {
 public:
  virtual ~HttpFilter() = default;

  virtual uint8_t hooks() const = 0;
  /// Size of what it keeps for one exchange, aligned as std::max_align_t; 0 for nothing.
  virtual size_t stateBytes() const { return 0; }
  /// True if destroyState() has something to do.
  virtual bool destroysState() const { return false; }
  virtual void destroyState(StateSlot&) const {}
  virtual BodyPolicy requestBodyPolicy() const { return {}; }
  virtual BodyPolicy responseBodyPolicy() const { return {}; }
  /// Asked of a filter that collects response bodies before this one is awaited; false for those
  /// that do not concern it (an event stream would not end).
  virtual bool wantsResponseBody(Exchange&, const ResponseHead&) const { return true; }
  /// False if the body and trailer hooks only look on: the message then keeps its Content-Length.
  virtual bool changesBody() const { return true; }
  /// Reads again the files that the filter was made from; on failure all stays as it was. Called
  /// for filters of a listener when the process is told to reload. Main thread.
  virtual Status reload() const { return {}; }

  /// A filter that collects the body is called when it is there (Exchange::wholeRequestBody).
  virtual Action onRequestHeaders(Exchange&, StateSlot&) const { return Action::kContinue; }
  /// Body bytes on their way to the origin, after the head passed every filter; take out of `data`
  /// and put into it what should go on. `end` comes once and last, maybe without bytes; never for a
  /// request without a body. kPause keeps `data` until the handle resumes it: what comes meanwhile
  /// waits before the first filter, and the client is stopped when that becomes much.
  virtual Action onRequestBody(Exchange&, StateSlot&, buffer::Buffer& data, bool end) const {
    return Action::kContinue;
  }
  /// Per attempt, after the endpoint was chosen: edit the `headers` that go upstream. They are this
  /// attempt's own: the next one begins with what the request filters have left.
  virtual void onUpstreamRequest(Exchange&, StateSlot&, HeaderMap& headers) const {}
  /// Of the origin's response or a local reply. kPause holds head and body back.
  virtual Action onResponseHeaders(Exchange&, StateSlot&, ResponseHead& head) const {
    return Action::kContinue;
  }
  /// As onRequestBody, on the way to the client, after the head went out.
  virtual Action onResponseBody(Exchange&, StateSlot&, buffer::Buffer& data, bool end) const {
    return Action::kContinue;
  }
  /// After the last byte of a body, also where no trailers came: those that it adds are sent,
  /// unless the receiver's version of HTTP has no place for them.
  virtual void onTrailers(Exchange&, StateSlot&, Direction, HeaderMap&) const {}
  /// Exactly once for every request, when it is over: Exchange::info() is complete then. Also where
  /// another filter, the gateway or the engine has refused it, and the client has left; of those
  /// that the engine refused before routing, only the filters of the listener and the plugins for
  /// everything are told. Nothing can be sent any more.
  virtual void onLog(Exchange&, StateSlot&) const {}
};

}  // namespace tollgate::http
