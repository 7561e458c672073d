// What sinks are told of their responses, and the windows that the origin gets back for it.

#include <utility>

#include "source/http2/client_session.h"

namespace tollgate::http2 {
namespace {

struct Failure {
  http::StreamError error;
  std::string_view detail;
};

/// Why a stream was closed before its response was complete. `byPeer`: the origin has reset it,
/// else nghttp2 has.
Failure failureOf(uint32_t code, bool byPeer) {
  if (code != NGHTTP2_REFUSED_STREAM && !byPeer) {
    return {http::StreamError::kProtocol, "the response broke the rules of HTTP/2"};
  }
  if (code == NGHTTP2_REFUSED_STREAM) {
    return {http::StreamError::kRefused, "closed by the origin before it looked at the request"};
  }
  return {http::StreamError::kReset, "stream reset by peer"};
}

}  // namespace

void ClientSession::markDirty(ClientStream& stream) {
  if (!stream.dirty) dirty_.push_back(&stream);
  stream.dirty = true;
  touch();
}

void ClientSession::deliverDirty() {
  for (size_t i = 0; i < dirty_.size(); ++i) {
    ClientStream& stream = *dirty_[i];
    stream.dirty = false;
    if (stream.sink != nullptr) deliver(stream);
    if (stream.sink == nullptr) {
      took(stream, stream.body.size());
      stream.body.clear();  // it comes here again when nghttp2 closes it
    }
    if (stream.closed && stream.sink == nullptr && !stream.dirty) free(stream);
  }
  dirty_.clear();
}

void ClientSession::deliver(ClientStream& stream) {
  if (!stream.problem.empty()) {
    return fail(stream, http::StreamError::kProtocol, stream.problem);
  }
  if (stream.headReady && !stream.headDelivered) {
    stream.headDelivered = true;
    const bool end = stream.responseEnded && stream.body.empty() && stream.trailers == nullptr;
    if (end) return finish(stream).onResponseHead(true);
    stream.sink->onResponseHead(false);
  }
  if (stream.sink != nullptr && stream.headDelivered && !stream.paused) deliverBody(stream);
  if (stream.sink == nullptr || !stream.closed || stream.responseEnded) return;
  const Failure failure = failureOf(stream.closedWith, stream.peerReset);
  fail(stream, failure.error, failure.detail);
}

void ClientSession::deliverBody(ClientStream& stream) {
  const bool last = stream.responseEnded && stream.trailers == nullptr;
  const size_t bytes = stream.body.size();
  if (bytes != 0 || last) {
    http::ResponseSink& sink = last ? finish(stream) : *stream.sink;
    buffer::Buffer data(output_.pool());
    data.moveFrom(stream.body);
    if (!last) took(stream, bytes);
    sink.onResponseBody(data, last);
  }
  if (stream.sink == nullptr || !stream.responseEnded || stream.paused) return;
  http::HeaderMap* trailers = stream.trailers;
  finish(stream).onResponseTrailers(*trailers);
}

/// The response is complete; the sink gets one more call from the caller. What was not sent of the
/// request is not wanted any more (RFC 9113 section 8.1).
http::ResponseSink& ClientSession::finish(ClientStream& stream) {
  account_.reward();
  changed_ = true;
  if (stream.responseEnded && !stream.closed && !stream.localReset &&
      (!stream.outEnd || !stream.out.empty())) {
    stream.localReset = true;
    stream.out.clear();
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
  }
  took(stream, stream.body.size());
  if (stream.closed) markDirty(stream);
  return *std::exchange(stream.sink, nullptr);
}

void ClientSession::fail(ClientStream& stream, http::StreamError error, std::string_view detail) {
  http::ResponseSink* sink = std::exchange(stream.sink, nullptr);
  stream.out.clear();
  changed_ = true;
  if (!stream.closed && !stream.localReset) {
    stream.localReset = true;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_PROTOCOL_ERROR);
  }
  sink->onResponseError(error, detail);
}

/// `bytes` of the body have left the stream.
void ClientSession::took(ClientStream& stream, size_t bytes) {
  if (bytes == 0) return;
  held_ -= bytes;
  if (!stream.closed) nghttp2_session_consume_stream(session_, stream.id, bytes);
  if (owed_ == 0 || held_ > limits_.heldBytes) return;
  nghttp2_session_consume_connection(session_, std::exchange(owed_, 0));
}

void ClientSession::free(ClientStream& stream) {
  awaiting_ -= stream.awaitsWritable ? 1 : 0;
  streams_.erase(stream.id);
  changed_ = true;
}

bool ClientSession::notifyWritable() {
  if (outputFull()) return false;
  bool told = false;
  for (auto at = streams_.begin(); awaiting_ != 0 && at != streams_.end(); ++at) {
    ClientStream& stream = *at->second;
    if (!stream.awaitsWritable || stream.out.size() > limits_.streamHighBytes / 2) continue;
    stream.awaitsWritable = false;
    --awaiting_;
    if (stream.sink == nullptr) continue;
    told = true;
    stream.sink->onRequestWritable();
  }
  return told;
}

/// The connection is gone. Responses that have arrived whole are handed over whole, however slowly
/// they are read: there is nothing else left to hold them.
void ClientSession::end(std::string_view reason, http::StreamError error) {
  if (closed_) return;
  closed_ = true;
  event::EventLoop::cancel(pingTimer_);
  std::vector<ClientStream*> left;
  for (auto& [id, stream] : streams_) left.push_back(stream.get());
  for (ClientStream* stream : left) {
    stream->closed = true;
    stream->paused = false;
    stream->closedWith = NGHTTP2_NO_ERROR;
    if (stream->sink != nullptr && stream->responseEnded) deliver(*stream);
    if (stream->sink == nullptr) continue;
    std::exchange(stream->sink, nullptr)->onResponseError(error, reason);
  }
}

}  // namespace tollgate::http2
