#include "source/http2/server_codec.h"

#include <algorithm>
#include <iterator>

namespace tollgate::http2 {
namespace {

constexpr std::string_view kPeerEnded = "the peer ended the connection";
constexpr std::string_view kPeerBroke = "the peer broke the rules of HTTP/2";

http::StreamError errorOf(uint32_t code) {
  switch (code) {
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
      return http::StreamError::kProtocol;
    case NGHTTP2_REFUSED_STREAM:
      return http::StreamError::kRefused;
    default:
      return http::StreamError::kPeerClosed;
  }
}

}  // namespace

Codec::Codec(http::ServerCodecHandler& handler, buffer::Buffer& output, const Http2Limits& limits,
             event::EventLoop& loop, Counters& counters)
    : handler_(handler),
      output_(output),
      limits_(limits),
      loop_(loop),
      counters_(counters),
      account_(loop.now()),
      head_(limits_.message),
      left_(limits_.maxConcurrentStreams),
      closeReason_(kPeerEnded) {
  session_ = makeSession();
  if (session_ == nullptr) {
    failed_ = true;
    return;
  }
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.maxConcurrentStreams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.streamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.message.maxHeadBytes)},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits_.connectionWindow));
}

Codec::~Codec() { nghttp2_session_del(session_); }

Stream* Codec::find(int32_t id) {
  auto at = streams_.find(id);
  return at == streams_.end() ? nullptr : at->second.get();
}

// ---- Input -------------------------------------------------------------------------------------

void Codec::onData(buffer::Buffer& input, bool end) {
  if (closed_ || busy_) return;
  input_ = &input;
  inputEnded_ = inputEnded_ || end;
  settle();
}

void Codec::receive() {
  while (!failed_ && !calmed_ && input_ != nullptr && !input_->empty() && !outputFull()) {
    std::string_view bytes = input_->front();
    ssize_t used = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (used < 0) {
      failed_ = true;
      endSession(kPeerBroke,
                 used == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    input_->consume(static_cast<size_t>(used));
    pump();
  }
}

/// A head for a stream with a smaller number than another before it: one that was never used, or so
/// long ago that nobody knows (RFC 9113 section 5.1.1). nghttp2 judges those that it still knows.
void Codec::frameBegins(const nghttp2_frame_hd& frame) {
  if (frame.type != NGHTTP2_HEADERS) return;
  int32_t id = frame.stream_id;
  if (id > lastId_) {
    lastId_ = id;
    return;
  }
  if (id == 0 || calmed_ || drained_ || left_.contains(id)) return;
  nghttp2_stream* known = nghttp2_session_find_stream(session_, id);
  if (known != nullptr && nghttp2_stream_get_state(known) != NGHTTP2_STREAM_STATE_IDLE) return;
  endSession(kPeerBroke, NGHTTP2_PROTOCOL_ERROR);
}

void Codec::beginHead(const nghttp2_frame& frame) {
  head_.begin();
  if (frame.hd.type != NGHTTP2_HEADERS || calmed_ || closed_) return;
  int32_t id = frame.hd.stream_id;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    Stream* stream = find(id);
    if (stream != nullptr && stream->sink != nullptr && stream->trailers == nullptr) {
      Arena& arena = stream->sink->arena();
      stream->trailers = arena.make<http::HeaderMap>(arena);
    }
    return;
  }
  auto made = std::make_unique<Stream>(*this, id, output_.pool());
  Stream& stream = *made;
  streams_[id] = std::move(made);
  nghttp2_session_set_stream_user_data(session_, id, &stream);
  openHead_ = &stream;
  counters_.streams.add();
  stream.sink = &handler_.newRequest(stream);
  stream.sink->request().version = http::Version::kHttp2;
}

void Codec::headerField(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.sink == nullptr || stream.discardBody) return;
  if (!stream.headReady) return head_.headField(*stream.sink, name, value);
  if (stream.trailers == nullptr) return;
  head_.trailerField(stream.sink->arena(), *stream.trailers, name, value);
  stream.badTrailers = stream.badTrailers || head_.failed();
}

void Codec::finishHead(Stream& stream) {
  openHead_ = nullptr;
  if (stream.sink == nullptr) return;
  stream.problem = head_.finishHead(*stream.sink);
  stream.headReady = true;
  stream.noContent = stream.sink->request().method == "HEAD";
  if (account_.low()) {
    stream.held = true;
    held_.push_back(stream.id);
    counters_.delayed.add();
    if (!holdTimer_.armed()) loop_.arm(holdTimer_, event::Millis(100));
  }
}

void Codec::frameReceived(const nghttp2_frame& frame) {
  bool ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
  bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  Stream* stream = find(frame.hd.stream_id);
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      if (stream == nullptr) return;
      if (!stream->headReady) finishHead(*stream);
      return endReceived(*stream, frame);
    case NGHTTP2_DATA:
      if (frame.data.hd.length <= frame.data.padlen && !end) charge(Cost::kEmptyFrame);
      if (stream != nullptr) endReceived(*stream, frame);
      return;
    case NGHTTP2_PING:
      if (!ack) return charge(Cost::kPing);
      if (draining_) finishDrain();
      return;
    case NGHTTP2_SETTINGS:
      if (!ack) charge(Cost::kSettings);
      return;
    case NGHTTP2_PRIORITY:
      return charge(Cost::kPriority);
    case NGHTTP2_WINDOW_UPDATE:
      if (updatesCovered_ == 0) return charge(Cost::kWindowUpdate);
      --updatesCovered_;
      return;
    case NGHTTP2_RST_STREAM:
      if (stream != nullptr && !stream->endSent) charge(Cost::kEarlyReset);
      return;
    default:
      return;
  }
}

void Codec::frameInvalid(const nghttp2_frame& frame, int error) {
  if (error == NGHTTP2_ERR_REFUSED_STREAM) {
    left_.add(frame.hd.stream_id);
    counters_.refused.add();
  }
  charge(Cost::kOddity);
}

void Codec::endReceived(Stream& stream, const nghttp2_frame& frame) {
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream.requestEnded = true;
  if (stream.badTrailers && stream.sink != nullptr && !stream.localReset) {
    stream.localReset = true;
    charge(Cost::kProvokedReset);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  deliver(stream);
}

/// `stream`: nullptr for one that is gone.
void Codec::bodyReceived(Stream* stream, int32_t id, std::string_view bytes) {
  if (stream == nullptr) {
    nghttp2_session_consume(session_, id, bytes.size());
  } else if (stream->sink == nullptr || stream->discardBody) {
    discard(*stream, bytes.size());
  } else {
    stream->body.append(bytes);
    stream->unconsumed += bytes.size();
  }
}

// ---- Output ------------------------------------------------------------------------------------

void Codec::flush() {
  if (!closed_ && !busy_) settle();
}

void Codec::onWritable() { flush(); }

void Codec::flushFromTimer() {
  flush();
  if (!closed_) handler_.onCodecOutput();
}

void Codec::settle() {
  busy_ = true;
  if (session_ != nullptr) {
    do {
      receive();
      deliverDirty();
      pump();
    } while (notifyWritable() || (!waiting_.empty() && roomForRequest()));
    if (!streams_.empty() && (!tick_.armed() || blocked_ != 0)) armTick();
  }
  busy_ = false;
  closeIfDone();
}

void Codec::pump() {
  while (!outputFull()) {
    const uint8_t* bytes = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) failed_ = true;
    if (size <= 0) return;
    output_.append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
  }
}

void Codec::queue(Stream& stream, buffer::Buffer& data) {
  queued_ += data.size();
  stream.out.moveFrom(data);
}

void Codec::dropOutput(Stream& stream) {
  queued_ -= stream.out.size();
  stream.out.clear();
}

void Codec::writeData(Stream& stream, std::string_view frameHead, size_t size) {
  output_.append(frameHead);
  output_.moveFrom(stream.out, size);
  queued_ -= size;
  stream.bytesSent += size;
}

/// A part of what is free: streams that nobody reads come to hold ever less each and leave room for
/// those that are read.
size_t Codec::allowance() const {
  size_t free = limits_.heldBytes - std::min(queued_, limits_.heldBytes);
  return std::min(free / 16, limits_.streamHighBytes);
}

bool Codec::notifyWritable() {
  if (outputFull()) return false;
  bool told = false;
  size_t mark = allowance() / 2;
  for (auto at = streams_.begin(); awaiting_ != 0 && at != streams_.end(); ++at) {
    Stream& stream = *at->second;
    if (!stream.awaitsWritable || stream.out.size() > mark) continue;
    stream.awaitsWritable = false;
    --awaiting_;
    if (stream.sink == nullptr) continue;
    told = true;
    stream.sink->onResponseWritable();
  }
  return told || !dirty_.empty();
}

void Codec::frameSent(const nghttp2_frame& frame) {
  Stream* stream = find(frame.hd.stream_id);
  switch (frame.hd.type) {
    case NGHTTP2_GOAWAY:
      if (frame.goaway.error_code != NGHTTP2_NO_ERROR && closeReason_ == kPeerEnded) {
        closeReason_ = kPeerBroke;
      }
      return;
    case NGHTTP2_RST_STREAM:
      if (frame.rst_stream.error_code == NGHTTP2_REFUSED_STREAM) {
        charge(Cost::kRefusedStream);
      } else if (stream == nullptr || !stream->localReset) {
        charge(Cost::kProvokedReset);
      }
      if (stream != nullptr && !stream->requestEnded) left_.add(stream->id);
      return;
    case NGHTTP2_DATA:
      updatesCovered_ = std::min(updatesCovered_ + 2, 1024u);
      [[fallthrough]];
    case NGHTTP2_HEADERS:
      if (stream == nullptr || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
      stream->endSent = true;
      account_.reward();
      if (stream->unwanted() && stream->discarded > limits_.discardBytes) {
        abandon(*stream, NGHTTP2_NO_ERROR);
      }
      return;
    default:
      return;
  }
}

// ---- The end -----------------------------------------------------------------------------------

void Codec::abandon(Stream& stream, uint32_t code) {
  if (stream.localReset) return;
  stream.localReset = true;
  dropOutput(stream);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, code);
}

void Codec::streamClosed(Stream& stream, uint32_t error) {
  if (openHead_ == &stream) openHead_ = nullptr;
  started(stream);
  took(stream, 0);
  dropOutput(stream);
  if (stream.awaitsWritable) --awaiting_;
  if (stream.blocked) --blocked_;
  http::RequestSink* sink = stream.sink;
  stream.sink = nullptr;
  if (stream.unconsumed != 0) nghttp2_session_consume_connection(session_, stream.unconsumed);
  int32_t id = stream.id;
  nghttp2_session_set_stream_user_data(session_, id, nullptr);
  if (sink != nullptr) sink->onRequestReset(errorOf(error));
  streams_.erase(id);
}

void Codec::charge(Cost cost) {
  account_.charge(cost, loop_.now());
  counters_.costs[static_cast<size_t>(cost)].add();
  if (!account_.empty() || calmed_) return;
  calmed_ = true;
  counters_.calmed.add();
  endSession("the peer kept the gateway busy for nothing", NGHTTP2_ENHANCE_YOUR_CALM);
}

void Codec::endSession(std::string_view reason, uint32_t code) {
  closeReason_ = reason;
  nghttp2_session_terminate_session(session_, code);
}

void Codec::drain() {
  if (draining_ || closed_ || session_ == nullptr) return;
  draining_ = true;
  closeReason_ = "drained";
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  loop_.arm(drainTimer_, event::Millis(1000));
}

void Codec::onDrainTimer() {
  finishDrain();
  flushFromTimer();
}

void Codec::finishDrain() {
  if (drained_ || closed_) return;
  drained_ = true;
  event::EventLoop::cancel(drainTimer_);
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Codec::closeIfDone() {
  if (closed_) return;
  bool sent = session_ == nullptr || nghttp2_session_want_write(session_) == 0 || outputFull();
  bool finished = session_ == nullptr || (nghttp2_session_want_read(session_) == 0 && sent) ||
                  (drained_ && streams_.empty() && sent) ||
                  (inputEnded_ && (input_ == nullptr || input_->empty()));
  if (!failed_ && !finished && !(calmed_ && sent)) return;
  std::string_view reason = closeReason_;
  onConnectionClosed();
  handler_.onCodecClose(reason);
}

void Codec::onConnectionClosed() {
  if (closed_) return;
  closed_ = true;
  event::EventLoop::cancel(drainTimer_);
  event::EventLoop::cancel(holdTimer_);
  event::EventLoop::cancel(tick_);
  for (auto& [id, stream] : streams_) {
    http::RequestSink* sink = stream->sink;
    stream->sink = nullptr;
    if (sink != nullptr) sink->onRequestReset(http::StreamError::kPeerClosed);
  }
  streams_.clear();
  queued_ = starting_ = awaiting_ = taken_ = blocked_ = 0;
  openHead_ = nullptr;
}

std::unique_ptr<ServerCodec> makeServerCodec(http::ServerCodecHandler& handler,
                                             buffer::Buffer& output, const Http2Limits& limits,
                                             event::EventLoop& loop, Counters& counters) {
  return std::make_unique<Codec>(handler, output, limits, loop, counters);
}

}  // namespace tollgate::http2
