#include "source/http2/server_codec.h"

#include <algorithm>
#include <iterator>

#include "source/http2/head_rules.h"

namespace tollgate::http2 {
namespace {

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
             event::EventLoop& loop)
    : handler_(handler), output_(output), limits_(limits), loop_(loop), account_(loop.now()) {
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
      closeReason_ = "the peer broke the rules of HTTP/2";
      nghttp2_session_terminate_session(session_, used == NGHTTP2_ERR_FLOODED
                                                      ? NGHTTP2_ENHANCE_YOUR_CALM
                                                      : NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    input_->consume(static_cast<size_t>(used));
    pump();
  }
}

void Codec::beginHead(const nghttp2_frame& frame) {
  cookies_.clear();
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
  stream.sink = &handler_.newRequest(stream);
  stream.sink->request().version = http::Version::kHttp2;
}

void Codec::fail(Stream& stream, int status, const char* reason) {
  if (stream.headReady) stream.badTrailers = true;
  if (stream.errorStatus != 0) return;
  stream.errorStatus = status;
  stream.errorReason = reason;
}

void Codec::headerField(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.sink == nullptr || stream.discardBody) return;
  if (stream.headReady) return trailerField(stream, name, value);
  if (stream.errorStatus != 0) return;
  stream.headBytes += name.size() + value.size() + 32;
  const http::CodecLimits& limits = limits_.message;
  if (name == ":path" && value.size() > limits.maxTargetBytes) {
    return fail(stream, 414, "the request target is too long");
  }
  if (stream.headBytes > limits.maxHeadBytes || ++stream.headerCount > limits.maxHeaders) {
    return fail(stream, 431, "the request has too many or too large header fields");
  }
  Arena& arena = stream.sink->arena();
  if (!name.empty() && name[0] == ':') return pseudoField(stream, name, arena.copy(value));
  if (!isFieldName(name) || !isFieldValue(value)) {
    return fail(stream, 400, "a header field is malformed");
  }
  http::HeaderCode code = http::codeOf(name);
  if (isConnectionField(code) || code == http::HeaderCode::kHttp2Settings ||
      (code == http::HeaderCode::kTe && !http::equalsIgnoreCase(value, "trailers"))) {
    return fail(stream, 400, "a header field of HTTP/1 connections in HTTP/2");
  }
  std::string_view kept = arena.copy(value);
  if (code == http::HeaderCode::kCookie) {
    cookies_.push_back(kept);
    return;
  }
  stream.sink->request().headers.addChecked(
      code, code == http::HeaderCode::kOther ? arena.copy(name) : http::nameOf(code), kept);
}

void Codec::pseudoField(Stream& stream, std::string_view name, std::string_view value) {
  http::RequestHead& request = stream.sink->request();
  if (name == ":method") {
    request.method = value;
  } else if (name == ":path") {
    request.target = value;
  } else if (name == ":authority") {
    stream.authority = value;
  } else if (name == ":scheme") {
    stream.scheme = value;
  } else {
    fail(stream, 400, "an unknown pseudo header");
  }
}

void Codec::trailerField(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.trailers == nullptr) return;
  stream.trailerBytes += name.size() + value.size() + 32;
  if (stream.trailerBytes > limits_.message.maxTrailerBytes || !isFieldName(name) ||
      !isFieldValue(value) || isConnectionField(http::codeOf(name))) {
    stream.badTrailers = true;
    return;
  }
  if (name == "content-length" || name == "host" || name == "te" || name == "trailer") return;
  Arena& arena = stream.sink->arena();
  stream.trailers->add(arena.copy(name), arena.copy(value));
}

void Codec::checkHead(Stream& stream) {
  http::RequestHead& request = stream.sink->request();
  if (stream.errorStatus != 0) return;
  if (!isToken(request.method)) return fail(stream, 400, "the method is malformed");
  if (request.method == "CONNECT") return fail(stream, 501, "CONNECT is not served");
  if (!isTarget(request.target) || (request.target == "*" && request.method != "OPTIONS")) {
    return fail(stream, 400, "the request target is malformed");
  }
  if (!http::equalsIgnoreCase(stream.scheme, "http") &&
      !http::equalsIgnoreCase(stream.scheme, "https")) {
    return fail(stream, 400, "the scheme is neither http nor https");
  }
  const http::Header* host = request.headers.find(http::HeaderCode::kHost);
  std::string_view authority = stream.authority;
  if (authority.data() == nullptr && host != nullptr) authority = host->value();
  if (!isAuthority(authority)) return fail(stream, 400, "the authority is missing or malformed");
  if (host != nullptr && !http::equalsIgnoreCase(host->value(), authority)) {
    return fail(stream, 400, "Host and :authority differ");
  }
  request.host = authority;
  if (host == nullptr) request.headers.add(http::HeaderCode::kHost, authority);
}

void Codec::finishHead(Stream& stream) {
  openHead_ = nullptr;
  if (stream.sink == nullptr) return;
  http::RequestHead& request = stream.sink->request();
  checkHead(stream);
  stream.headReady = true;
  stream.noContent = request.method == "HEAD";
  if (!cookies_.empty() && stream.errorStatus == 0) {
    size_t total = 0;
    for (auto crumb : cookies_) total += crumb.size() + 2;
    char* joined = stream.sink->arena().chars(total);
    char* at = joined;
    for (auto crumb : cookies_) {
      if (at != joined) at = std::copy_n("; ", 2, at);
      at = std::copy(crumb.begin(), crumb.end(), at);
    }
    request.headers.add(http::HeaderCode::kCookie, {joined, static_cast<size_t>(at - joined)});
  }
  if (account_.low()) {
    stream.held = true;
    held_.push_back(stream.id);
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

void Codec::deliver(Stream& stream) {
  if (stream.sink == nullptr || stream.discardBody) return dropBody(stream);
  if (!stream.headReady || stream.held || stream.localReset) return;
  if (!stream.headDelivered) {
    stream.headDelivered = true;
    if (stream.errorStatus != 0) {
      stream.discardBody = true;
      dropBody(stream);
      return stream.sink->onRequestError(stream.errorStatus, stream.errorReason);
    }
    bool end = stream.requestEnded && stream.body.empty() && stream.trailers == nullptr;
    stream.endDelivered = end;
    stream.sink->onRequestHead(end);
  }
  if (stream.sink == nullptr) return dropBody(stream);
  if (stream.paused || stream.endDelivered) return;
  bool last = stream.requestEnded && stream.trailers == nullptr;
  if (!stream.body.empty() || last) {
    stream.endDelivered = last;
    stream.sink->onRequestBody(stream.body, last);
  }
  if (stream.sink == nullptr) return dropBody(stream);
  if (stream.requestEnded && !stream.endDelivered && !stream.paused) {
    stream.endDelivered = true;
    stream.sink->onRequestTrailers(*stream.trailers);
    if (stream.sink == nullptr) return dropBody(stream);
  }
  if (!stream.paused && stream.body.empty()) giveWindowBack(stream);
}

void Codec::dropBody(Stream& stream) {
  stream.body.clear();
  giveWindowBack(stream);
}

void Codec::giveWindowBack(Stream& stream) {
  if (stream.unconsumed != 0) nghttp2_session_consume(session_, stream.id, stream.unconsumed);
  stream.unconsumed = 0;
}

// ---- Output ------------------------------------------------------------------------------------

void Codec::flush() {
  if (!closed_ && !busy_) settle();
}

void Codec::onWritable() { flush(); }

void Codec::resume(Stream& stream) {
  if (!stream.deferred) return;
  stream.deferred = false;
  nghttp2_session_resume_data(session_, stream.id);
}

void Codec::detach(Stream& stream) {
  stream.sink = nullptr;
  stream.trailers = nullptr;
  stream.discardBody = true;
  markForDelivery(stream);  // Gives back the window of what nobody takes any more.
}

void Codec::settle() {
  busy_ = true;
  if (session_ != nullptr) {
    do {
      receive();
      deliverDirty();
      pump();
    } while (notifyWritable());
  }
  busy_ = false;
  closeIfDone();
}

void Codec::deliverDirty() {
  for (size_t i = 0; i < dirty_.size(); ++i) {
    Stream* stream = find(dirty_[i]);
    if (stream != nullptr) deliver(*stream);
  }
  dirty_.clear();
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

bool Codec::notifyWritable() {
  if (outputFull()) return false;
  bool told = false;
  for (auto& [id, stream] : streams_) {
    if (!stream->awaitsWritable || stream->out.size() > limits_.streamHighBytes / 2) continue;
    stream->awaitsWritable = false;
    if (stream->sink == nullptr) continue;
    told = true;
    stream->sink->onResponseWritable();
  }
  return told || !dirty_.empty();
}

void Codec::frameSent(const nghttp2_frame& frame) {
  Stream* stream = find(frame.hd.stream_id);
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    uint32_t code = frame.rst_stream.error_code;
    if (code == NGHTTP2_REFUSED_STREAM) return charge(Cost::kRefusedStream);
    if (stream == nullptr || !stream->localReset) charge(Cost::kProvokedReset);
    return;
  }
  if (frame.hd.type == NGHTTP2_DATA) updatesCovered_ = std::min(updatesCovered_ + 2, 1024u);
  if (stream == nullptr || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  if (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS) return;
  stream->endSent = true;
  account_.reward();
  if (stream->requestEnded) return;
  stream->localReset = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
}

// ---- The end -----------------------------------------------------------------------------------

void Codec::streamClosed(Stream& stream, uint32_t error) {
  if (openHead_ == &stream) openHead_ = nullptr;
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
  if (!account_.empty() || calmed_) return;
  calmed_ = true;
  closeReason_ = "the peer kept the gateway busy for nothing";
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Codec::onHoldTimer() {
  for (int32_t id : held_) {
    Stream* stream = find(id);
    if (stream == nullptr) continue;
    stream->held = false;
    markForDelivery(*stream);
  }
  held_.clear();
  flush();
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
  flush();
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
  for (auto& [id, stream] : streams_) {
    http::RequestSink* sink = stream->sink;
    stream->sink = nullptr;
    if (sink != nullptr) sink->onRequestReset(http::StreamError::kPeerClosed);
  }
  streams_.clear();
  openHead_ = nullptr;
}

std::unique_ptr<ServerCodec> makeServerCodec(http::ServerCodecHandler& handler,
                                             buffer::Buffer& output, const Http2Limits& limits,
                                             event::EventLoop& loop) {
  return std::make_unique<Codec>(handler, output, limits, loop);
}

}  // namespace tollgate::http2
