#include "source/http2/client_session.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tollgate::http2 {
namespace {

constexpr std::string_view kEnded = "closed by the origin";
constexpr std::string_view kBroke = "the origin broke the rules of HTTP/2";
constexpr std::string_view kBusy = "the origin kept the gateway busy for nothing";
constexpr std::string_view kSilent = "the origin did not answer a ping: connection timed out";
/// Streams at once before the origin has said how many it takes (RFC 9113 section 6.5.2 advises
/// origins to take no fewer).
constexpr size_t kAssumedStreams = 100;

}  // namespace

ClientSession::ClientSession(ClientCodecHandler& handler, buffer::Buffer& output,
                             const ClientLimits& limits, bool secure, event::EventLoop& loop,
                             OriginCounters& counters)
    : handler_(handler),
      output_(output),
      limits_(limits),
      loop_(loop),
      counters_(counters),
      account_(loop.now()),
      reader_(limits_.message),
      closeReason_(kEnded),
      secure_(secure) {
  session_ = makeSession();
  if (session_ == nullptr) {
    failed_ = true;
    return;
  }
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.streamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.message.maxHeadBytes)},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits_.connectionWindow));
}

ClientSession::~ClientSession() { nghttp2_session_del(session_); }

ClientStream* ClientSession::find(int32_t id) {
  auto at = streams_.find(id);
  return at == streams_.end() ? nullptr : at->second.get();
}

// ---- Streams -----------------------------------------------------------------------------------

bool ClientSession::available() const {
  if (failed_ || closed_ || goingAway_ || refusing_ || doubtful_) return false;
  size_t most = kAssumedStreams;
  if (settled_) {
    most = nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  }
  return streams() < std::min<size_t>(most, limits_.maxStreams);
}

http::ClientStream& ClientSession::open() {
  unsent_.push_back(std::make_unique<ClientStream>(*this, output_.pool()));
  counters_.streams.add();
  return *unsent_.back();
}

void ClientSession::begin(ClientStream& stream, bool end) {
  auto at = std::find_if(unsent_.begin(), unsent_.end(),
                         [&](const auto& each) { return each.get() == &stream; });
  std::unique_ptr<ClientStream> owned = std::move(*at);
  unsent_.erase(at);
  nghttp2_data_provider body = stream.provider();
  int32_t id = nghttp2_submit_request(session_, nullptr, fields_.data(), fields_.size(),
                                      end ? nullptr : &body, &stream);
  if (id < 0) {  // no number is left, or no memory
    goingAway_ = changed_ = true;
    stream.closed = true;
    stream.closedWith = NGHTTP2_REFUSED_STREAM;
    id = -static_cast<int32_t>(streams_.size()) - 1;
    while (streams_.contains(id)) --id;
  }
  stream.id = id;
  streams_[id] = std::move(owned);
  if (stream.closed) return markDirty(stream);
  touch();
}

void ClientSession::giveUp(ClientStream& stream, http::StreamError error) {
  stream.sink = nullptr;
  stream.out.clear();
  changed_ = true;
  if (stream.id == 0) {
    std::erase_if(unsent_, [&](const auto& each) { return each.get() == &stream; });
    return touch();
  }
  if (!stream.closed && !stream.localReset) {
    stream.localReset = true;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
    if (error == http::StreamError::kTimeout) probe();
  }
  markDirty(stream);
}

// ---- Input -------------------------------------------------------------------------------------

void ClientSession::onData(buffer::Buffer& input, bool end) {
  if (closed_ || busy_) return;
  input_ = &input;
  inputEnded_ = inputEnded_ || end;
  settle();
}

void ClientSession::receive() {
  while (!failed_ && input_ != nullptr && !input_->empty() && !outputFull()) {
    std::string_view bytes = input_->front();
    changed_ = std::exchange(doubtful_, false) || changed_;
    const ssize_t used = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (used < 0) {
      failed_ = true;
      closeReason_ = kBroke;
      nghttp2_session_terminate_session(session_, used == NGHTTP2_ERR_FLOODED
                                                      ? NGHTTP2_ENHANCE_YOUR_CALM
                                                      : NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    input_->consume(static_cast<size_t>(used));
    deliverDirty();
  }
}

void ClientSession::beginHead(const nghttp2_frame& frame) {
  ClientStream* stream = find(frame.hd.stream_id);
  http::ResponseSink* sink = stream == nullptr ? nullptr : stream->sink;
  reader_.begin(sink != nullptr && !stream->headReady ? &sink->response() : nullptr);
  if (sink == nullptr || !stream->headReady || stream->trailers != nullptr) return;
  stream->trailers = sink->arena().make<http::HeaderMap>(sink->arena());
}

void ClientSession::headerField(ClientStream& stream, std::string_view name,
                                std::string_view value) {
  if (stream.sink == nullptr || !stream.problem.empty()) return;
  if (!stream.headReady) return reader_.headField(*stream.sink, name, value);
  if (stream.trailers == nullptr) return;
  reader_.trailerField(stream.sink->arena(), *stream.trailers, name, value);
}

/// The block of a head, of an interim response, or of trailers is complete.
void ClientSession::finishHead(ClientStream& stream) {
  if (stream.sink == nullptr || !stream.problem.empty()) return;
  if (stream.headReady) {
    stream.problem = reader_.problem();
    return;
  }
  http::ResponseHead& response = stream.sink->response();
  stream.problem = reader_.finishHead(response);
  if (!stream.problem.empty()) return;
  if (response.status >= 200) {
    stream.headReady = true;
    return;
  }
  if (++stream.informationals > limits_.maxInformational) {
    stream.problem = "too many interim responses";
    return;
  }
  stream.sink->onInformational(response.status, response.headers);
  if (stream.sink != nullptr) reader_.begin(&stream.sink->response());
}

void ClientSession::frameReceived(const nghttp2_frame& frame) {
  const bool ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
  const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  ClientStream* stream = find(frame.hd.stream_id);
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if (frame.hd.type == NGHTTP2_DATA && frame.data.hd.length <= frame.data.padlen && !end) {
        charge(Cost::kEmptyFrame);
      }
      if (stream == nullptr) return;
      if (frame.hd.type == NGHTTP2_HEADERS) finishHead(*stream);
      stream->responseEnded = stream->responseEnded || end;
      return markDirty(*stream);
    case NGHTTP2_SETTINGS:
      if (ack) return;
      settled_ = changed_ = true;
      return charge(Cost::kSettings);
    case NGHTTP2_RST_STREAM:
      if (stream != nullptr) stream->peerReset = true;
      return;
    case NGHTTP2_GOAWAY:
      return goawayReceived(frame.goaway);
    case NGHTTP2_PING:
      if (!ack) charge(Cost::kPing);
      return;
    case NGHTTP2_PRIORITY:
      return charge(Cost::kPriority);
    case NGHTTP2_WINDOW_UPDATE:
      if (updatesCovered_ == 0) return charge(Cost::kWindowUpdate);
      --updatesCovered_;
      return;
    default:
      return;
  }
}

/// nghttp2 closes the streams that the origin has not looked at, as refused.
void ClientSession::goawayReceived(const nghttp2_goaway& frame) {
  if (!goingAway_) counters_.goaways.add();
  goingAway_ = changed_ = true;
  if (frame.error_code != NGHTTP2_NO_ERROR) closeReason_ = "closed by the origin with an error";
}

/// `stream`: nullptr for one that is gone.
void ClientSession::bodyReceived(ClientStream* stream, int32_t id, std::string_view bytes) {
  if (stream == nullptr || stream->sink == nullptr) {
    nghttp2_session_consume(session_, id, bytes.size());
    return;
  }
  stream->body.append(bytes);
  held_ += bytes.size();
  if (held_ <= limits_.heldBytes) {
    nghttp2_session_consume_connection(session_, bytes.size());
  } else {
    owed_ += bytes.size();
  }
}

void ClientSession::streamClosed(ClientStream& stream, uint32_t error) {
  stream.closed = changed_ = true;
  stream.closedWith = error;
  if (stream.responseEnded) {
    refusing_ = false;
  } else if (error == NGHTTP2_REFUSED_STREAM && stream.peerReset) {
    counters_.refused.add();
    refusing_ = true;
  }
  markDirty(stream);
}

// ---- Output ------------------------------------------------------------------------------------

void ClientSession::flush() {
  if (!closed_ && !busy_) settle();
}

void ClientSession::settle() {
  busy_ = true;
  if (session_ != nullptr) {
    do {
      receive();
      deliverDirty();
      pump();
    } while (notifyWritable() || !dirty_.empty());
  }
  busy_ = false;
  afterwards();
}

void ClientSession::pump() {
  while (!outputFull()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) failed_ = true;
    if (size <= 0) return;
    output_.append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
  }
}

void ClientSession::writeData(ClientStream& stream, std::string_view frameHead, size_t size) {
  output_.append(frameHead);
  output_.moveFrom(stream.out, size);
  stream.bytesSent += size;
}

void ClientSession::frameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_DATA) updatesCovered_ = std::min(updatesCovered_ + 2, 1024u);
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR &&
      closeReason_ == kEnded) {
    closeReason_ = kBroke;
  }
}

// ---- The end -----------------------------------------------------------------------------------

void ClientSession::charge(Cost cost) {
  account_.charge(cost, loop_.now());
  if (!account_.empty() || failed_) return;
  failed_ = true;
  counters_.calmed.add();
  closeReason_ = kBusy;
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
}

/// A stream ran out of time: the connection may be as dead as that origin, and the next requests
/// would find out one by one.
void ClientSession::probe() {
  if (doubtful_ || closed_ || limits_.pingTimeout.count() == 0) return;
  doubtful_ = true;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  loop_.arm(pingTimer_, limits_.pingTimeout);
}

void ClientSession::onPingTimer() {
  if (!doubtful_ || closed_) return;
  failed_ = true;
  counters_.silent.add();
  closeReason_ = kSilent;
  afterwards();
}

void ClientSession::leave() {
  if (closed_ || session_ == nullptr) return;
  goingAway_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  flush();
}

void ClientSession::afterwards() {
  if (closed_) return;
  const bool over =
      failed_ || inputEnded_ ||
      (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) ||
      ((goingAway_ || refusing_) && streams() == 0);
  if (over) {
    const bool ours = closeReason_ == kBroke || closeReason_ == kBusy;
    end(closeReason_, ours ? http::StreamError::kProtocol : http::StreamError::kPeerClosed);
    return handler_.onCodecClose(closeReason_);
  }
  if (!changed_) return;
  changed_ = false;
  handler_.onCodecStreams();
}

std::unique_ptr<ClientCodec> makeClientCodec(ClientCodecHandler& handler, buffer::Buffer& output,
                                             const ClientLimits& limits, bool secure,
                                             event::EventLoop& loop, OriginCounters& counters) {
  return std::make_unique<ClientSession>(handler, output, limits, secure, loop, counters);
}

}  // namespace tollgate::http2
