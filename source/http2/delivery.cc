// What sinks are told of their requests, and the windows that clients get back for it.

#include <algorithm>

#include "source/http2/server_codec.h"

namespace tollgate::http2 {

void Codec::deliverDirty() {
  for (size_t i = 0; i < dirty_.size(); ++i) {
    Stream* stream = find(dirty_[i]);
    if (stream != nullptr) deliver(*stream);
  }
  dirty_.clear();
  if (blocked_ != 0) unblock();
  if (!waiting_.empty()) releaseWaiting();
}

void Codec::deliver(Stream& stream) {
  if (stream.sink == nullptr || stream.discardBody) return dropBody(stream);
  if (!stream.headReady || stream.held || stream.localReset) return;
  if (stream.headDelivered) return deliverBody(stream);
  if (waiting_.empty() && roomForRequest()) return begin(stream);
  stream.held = true;
  waiting_.push_back(stream.id);
  counters_.delayed.add();
}

void Codec::begin(Stream& stream) {
  stream.headDelivered = true;
  stream.starting = true;
  ++starting_;
  if (stream.problem.status != 0) {
    stream.discardBody = true;
    dropBody(stream);
    return stream.sink->onRequestError(stream.problem.status, stream.problem.reason);
  }
  bool end = stream.requestEnded && stream.body.empty() && stream.trailers == nullptr;
  stream.endDelivered = end;
  stream.sink->onRequestHead(end);
  deliverBody(stream);
}

void Codec::deliverBody(Stream& stream) {
  if (stream.sink == nullptr) return dropBody(stream);
  if (stream.paused || stream.endDelivered) return;
  bool last = stream.requestEnded && stream.trailers == nullptr;
  bool some = !stream.body.empty();
  if (some && !roomForBody()) {
    blocked_ += stream.blocked ? 0 : 1;
    stream.blocked = true;
    return;
  }
  if (some || last) {
    stream.endDelivered = last;
    stream.sink->onRequestBody(stream.body, last);
  }
  if (stream.sink == nullptr) return dropBody(stream);
  if (some) took(stream, stream.sink->heldBody());
  if (stream.requestEnded && !stream.endDelivered && !stream.paused) {
    stream.endDelivered = true;
    stream.sink->onRequestTrailers(*stream.trailers);
    if (stream.sink == nullptr) return dropBody(stream);
  }
  if (!stream.paused && stream.body.empty()) giveWindowBack(stream);
}

void Codec::took(Stream& stream, size_t bytes) {
  taken_ += bytes - stream.taken;
  stream.taken = bytes;
}

/// Bodies are handed on while the sinks hold less than the connection may; what comes meanwhile is
/// within the window of the connection.
bool Codec::roomForBody() {
  if (taken_ <= limits_.heldBytes) return true;
  for (auto& [id, stream] : streams_) {
    if (stream->sink != nullptr && stream->taken != 0) took(*stream, stream->sink->heldBody());
  }
  // Copies that are kept for another attempt may be all of it, each until its body ends: then no
  // body would.
  for (auto at = streams_.begin(); taken_ > limits_.heldBytes && at != streams_.end(); ++at) {
    Stream& stream = *at->second;
    if (stream.sink == nullptr || stream.taken == 0) continue;
    stream.sink->dropSpareBody();
    took(stream, stream.sink->heldBody());
  }
  return taken_ <= limits_.heldBytes;
}

/// Sinks do not say when bytes leave them: they are asked whenever something moves, and by the
/// tick.
void Codec::unblock() {
  if (!roomForBody()) return;
  blocked_ = 0;
  for (auto& [id, stream] : streams_) {
    if (stream->blocked) markForDelivery(*stream);
    stream->blocked = false;
  }
}

void Codec::giveWindowBack(Stream& stream) {
  if (stream.unconsumed != 0) nghttp2_session_consume(session_, stream.id, stream.unconsumed);
  stream.unconsumed = 0;
}

void Codec::dropBody(Stream& stream) {
  stream.body.clear();
  discard(stream, stream.unconsumed);
  stream.unconsumed = 0;
}

/// Body bytes that nobody wants, the answer being there or on its way. The client goes on up to a
/// limit, and other streams need the window of the connection in any case.
void Codec::discard(Stream& stream, size_t size) {
  if (size == 0) return;
  stream.discarded += size;
  if (stream.discarded <= limits_.discardBytes) {
    nghttp2_session_consume(session_, stream.id, size);
    return;
  }
  nghttp2_session_consume_connection(session_, size);
  if (!stream.unwanted() || stream.localReset) return;
  counters_.lingerBytes.add();
  abandon(stream, NGHTTP2_NO_ERROR);
}

/// While the client takes what comes, there is. Where it does not, what the answers may add that
/// have not begun counts, too: two reads from the origin each.
bool Codec::roomForRequest() const {
  constexpr int32_t kShare = 2 * buffer::SlabPool::kSlabBytes;
  if (queued_ + starting_ * size_t{kShare} <= limits_.heldBytes) return true;
  if (queued_ > limits_.heldBytes) return false;
  uint32_t window =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  return window >= kShare && nghttp2_session_get_remote_window_size(session_) >= kShare;
}

void Codec::releaseWaiting() {
  size_t count = 0;
  for (; count < waiting_.size() && roomForRequest(); ++count) {
    Stream* stream = find(waiting_[count]);
    if (stream == nullptr || stream->localReset) continue;
    stream->held = false;
    begin(*stream);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
}

void Codec::detach(Stream& stream) {
  started(stream);
  took(stream, 0);
  stream.sink = nullptr;
  stream.trailers = nullptr;
  stream.discardBody = true;
  markForDelivery(stream);  // Gives back the window of what nobody takes any more.
}

void Codec::onHoldTimer() {
  for (int32_t id : held_) {
    Stream* stream = find(id);
    if (stream == nullptr) continue;
    stream->held = false;
    markForDelivery(*stream);
  }
  held_.clear();
  flushFromTimer();
}

}  // namespace tollgate::http2
