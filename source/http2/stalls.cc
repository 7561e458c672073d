// Streams whose client does nothing: one that goes on with a body after the answer, and one that
// does not take the answer. What the client owes before its answer is the exchange's.

#include <algorithm>

#include "source/http2/server_codec.h"

namespace tollgate::http2 {

/// Once a second is often enough, unless a limit is shorter or bodies wait.
void Codec::armTick() {
  event::Millis period{blocked_ == 0 ? 1000 : 50};
  for (event::Millis limit : {limits_.discardIdle, limits_.sendTimeout}) {
    if (limit.count() > 0) period = std::min(period, limit);
  }
  const event::TimePoint next = loop_.now() + period;
  if (!tick_.armed() || next < tick_.deadline()) loop_.armAt(tick_, next);
}

void Codec::onTick() {
  busy_ = true;
  event::TimePoint now = loop_.now();
  for (auto& [id, stream] : streams_) lookAfter(*stream, now);
  busy_ = false;
  flushFromTimer();
}

void Codec::lookAfter(Stream& stream, event::TimePoint now) {
  bool unwanted = stream.unwanted();
  if (stream.localReset || (!unwanted && !stream.unread())) {
    stream.stalledSince = {};
    return;
  }
  bool first = unwanted && stream.unwantedSince == event::TimePoint{};
  if (first) stream.unwantedSince = now;
  uint64_t progress = unwanted ? stream.discarded : stream.bytesSent;
  if (first || stream.stalledSince == event::TimePoint{} || stream.progress != progress) {
    stream.stalledSince = now;
    stream.progress = progress;
  }
  event::Clock::duration still = now - stream.stalledSince;
  if (unwanted) {
    if (still < limits_.discardIdle && now - stream.unwantedSince < limits_.discardTime) return;
    (still >= limits_.discardIdle ? counters_.lingerIdle : counters_.lingerTime).add();
    return abandon(stream, NGHTTP2_NO_ERROR);
  }
  if (limits_.sendTimeout.count() == 0 || still < limits_.sendTimeout) return;
  counters_.sendTimeout.add();
  http::RequestSink* sink = stream.sink;
  abandon(stream, NGHTTP2_CANCEL);
  detach(stream);
  if (sink != nullptr) sink->onRequestReset(http::StreamError::kTimeout);
}

}  // namespace tollgate::http2
