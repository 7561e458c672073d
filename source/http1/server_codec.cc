#include "source/http1/server_codec.h"

#include <algorithm>
#include <utility>

#include "source/http1/body_decoder.h"
#include "source/http1/head_parser.h"
#include "source/http1/response_writer.h"

namespace tollgate::http1 {
namespace {

using http::HeaderCode;
using http::StreamError;

/// Queued output above which a stream asks its source to stop.
constexpr size_t kHighMark = 64 * 1024;
/// Bytes of an unwanted request body that are read and dropped to keep the connection.
constexpr uint64_t kDiscardBytes = 256 * 1024;
/// Empty lines tolerated before a request.
constexpr int kEmptyLines = 8;

class Codec final : public ServerCodec, public http::ServerStream {
 public:
  Codec(http::ServerCodecHandler& handler, buffer::Buffer& output, const http::CodecLimits& limits,
        DateCache& date)
      : handler_(handler), output_(output), limits_(limits), writer_(output, date) {}

  // ServerCodec
  void onData(buffer::Buffer& input, bool end) override;
  void onWritable() override;
  void drain() override;
  void onConnectionClosed() override;
  size_t activeStreams() const override { return sink_ != nullptr ? 1 : 0; }
  bool idle() const override { return state_ == State::kHead && sink_ == nullptr && !headStarted_; }
  bool headStarted() const override { return state_ == State::kHead && headStarted_; }
  bool wantsInput() const override;
  bool discarding() const override { return state_ == State::kDiscard; }
  bool tunnelling() const override { return state_ == State::kRaw; }

  // ServerStream
  void sendInformational(int status, const http::HeaderMap* headers) override;
  void sendHead(const http::ResponseHead& head, bool end) override;
  void sendBody(buffer::Buffer& data, bool end) override;
  void sendTrailers(const http::HeaderMap& trailers) override;
  void reset(StreamError error) override;
  bool congested() const override { return output_.size() > kHighMark; }
  size_t queued() const override { return output_.size(); }
  void pauseBody(bool pause) override { paused_ = pause; }
  void closeAfter() override { keepAlive_ = false; }

 private:
  enum class State : uint8_t {
    kHead,     ///< Between requests, or in a head.
    kBody,     ///< In the body of a request.
    kWaiting,  ///< The request is complete, the response is not.
    kRaw,      ///< After 101.
    kDiscard,  ///< The response is complete, the request is not.
    kClosed,   ///< Nothing more is read.
  };

  /// The body of the request under way: most requests have none, and idle connections keep none.
  struct IncomingBody {
    BodyDecoder decoder;
    uint64_t discarded = 0;
    bool continueWanted = false;  ///< The client waits for 100 before it sends the body.

    /// What comes of it is not to be awaited in order to keep the connection.
    bool notWorthReading() const {
      const uint64_t rest = decoder.remaining();
      return continueWanted || (rest > kDiscardBytes && rest != UINT64_MAX);
    }
  };

  bool step(buffer::Buffer& input);
  bool readHead(buffer::Buffer& input);
  bool skipEmptyLines(buffer::Buffer& input);
  bool wholeHead(const buffer::Buffer& input) const;
  bool takeHead(buffer::Buffer& input);
  bool readBody(buffer::Buffer& input);
  bool readTrailers(buffer::Buffer& input);
  bool discardBody(buffer::Buffer& input);
  void inputEnded(bool allUsed);
  void refuse(int status, std::string_view reason);
  void badBody(std::string_view reason);
  void requestComplete();
  void responseComplete();
  void nextRequest();
  void close(std::string_view reason);

  http::ServerCodecHandler& handler_;
  buffer::Buffer& output_;
  const http::CodecLimits& limits_;
  ResponseWriter writer_;
  http::RequestSink* sink_ = nullptr;
  HeadScanner scanner_;
  std::unique_ptr<IncomingBody> body_;  ///< From the head of a request that has one to its end.
  State state_ = State::kHead;
  int emptyLines_ = 0;
  bool headStarted_ = false;
  bool keepAlive_ = true;
  bool draining_ = false;
  bool paused_ = false;
  bool requestDone_ = false;
  bool inputEnded_ = false;
  bool working_ = false;      ///< Inside onData().
  bool closeWanted_ = false;  ///< close() was called inside onData().
  bool closeTold_ = false;
  std::string_view closeReason_;
};

// ---- Input -------------------------------------------------------------------------------------

bool Codec::wantsInput() const {
  switch (state_) {
    case State::kHead:
      return !congested();
    case State::kDiscard:
      return true;
    case State::kBody:
    case State::kRaw:
      return !paused_;
    case State::kWaiting:
    case State::kClosed:
      return false;
  }
  return false;
}

void Codec::onData(buffer::Buffer& input, bool end) {
  if (end) inputEnded_ = true;
  working_ = true;
  while (step(input)) {
  }
  if (inputEnded_) inputEnded(input.empty());
  working_ = false;
  if (closeWanted_ && !closeTold_) {
    closeTold_ = true;
    handler_.onCodecClose(closeReason_);
  }
}

/// One unit of work. False: more input, or something else, has to come first.
bool Codec::step(buffer::Buffer& input) {
  switch (state_) {
    case State::kHead:
      return readHead(input);
    case State::kBody:
      return !paused_ && readBody(input);
    case State::kDiscard:
      return discardBody(input);
    case State::kRaw:
      if (paused_ || input.empty()) return false;
      sink_->onRequestBody(input, false);
      input.clear();
      return false;
    case State::kClosed:
      input.clear();
      return false;
    case State::kWaiting:
      return false;
  }
  return false;
}

/// The client closed its side (all input that can be used now was used). `allUsed`: no pipelined
/// request is left.
void Codec::inputEnded(bool allUsed) {
  if (paused_ && (state_ == State::kBody || state_ == State::kRaw)) return;  // told when resumed
  switch (state_) {
    case State::kHead:
      if (!allUsed && congested()) return;  // more was asked for
      close("the client closed the connection");
      break;
    case State::kDiscard:
      close("the client closed the connection");
      break;
    case State::kBody: {
      http::RequestSink* sink = std::exchange(sink_, nullptr);
      close("the client closed within a request");
      if (sink != nullptr) sink->onRequestReset(StreamError::kPeerClosed);
      break;
    }
    case State::kRaw:
      if (requestDone_) return;
      requestDone_ = true;
      {
        buffer::Buffer nothing(output_.pool());
        sink_->onRequestBody(nothing, true);
      }
      break;
    case State::kWaiting:
      if (allUsed) keepAlive_ = false;
      break;
    case State::kClosed:
      break;
  }
}

bool Codec::skipEmptyLines(buffer::Buffer& input) {
  while (!headStarted_ && !input.empty() && input.front()[0] == '\r') {
    if (input.size() < 2) return false;
    if (input.linearize(2)[1] != '\n') break;  // refused by the parser
    if (++emptyLines_ > kEmptyLines) {
      refuse(400, "too many empty lines before the request");
      return false;
    }
    input.consume(2);
  }
  return true;
}

bool Codec::readHead(buffer::Buffer& input) {
  // Whoever asks again has to read the answers so far.
  if (congested() || input.empty() || !skipEmptyLines(input) || input.empty()) return false;
  headStarted_ = true;
  if (wholeHead(input)) return takeHead(input);
  HeadScanner::Status status = scanner_.scan(input);
  if (status == HeadScanner::Status::kBad) {
    refuse(400, "bare LF in the head");
    return false;
  }
  if (scanner_.bytes() > limits_.maxHeadBytes) {
    bool inTarget = scanner_.lines() == 0;
    refuse(inTarget ? 414 : 431, inTarget ? "request target too long" : "request head too large");
    return false;
  }
  if (status != HeadScanner::Status::kDone) return false;
  input.linearize(scanner_.bytes());
  return takeHead(input);
}

/// True where a look at the last bytes tells that the head is there in one piece, as it is for most
/// requests without a body. No need to search for its end then: the parser stops at it.
bool Codec::wholeHead(const buffer::Buffer& input) const {
  return scanner_.bytes() == 0 && input.front().size() <= limits_.maxHeadBytes &&
         input.front().ends_with("\r\n\r\n");
}

/// Parses the head, which begins the input and is contiguous.
bool Codec::takeHead(buffer::Buffer& input) {
  http::RequestSink& sink = handler_.newRequest(*this);
  sink_ = &sink;
  sink.pin(input.frontSlab());
  http::RequestHead& request = sink.request();
  MessageInfo info;
  HeadError error = parseRequestHead(input.front(), limits_, request, info);
  writer_.answer(request.version, request.method == "HEAD");
  if (error) {
    input.clear();
    refuse(error.status, error.reason);
    return false;
  }
  input.consume(info.headBytes);
  request.headBytes = static_cast<uint32_t>(info.headBytes);
  keepAlive_ = info.keepAlive && !draining_;
  bool end = info.body == BodyKind::kNone;
  if (end) {
    requestComplete();
  } else {
    body_ = std::make_unique<IncomingBody>();
    body_->decoder.start(info, limits_);
    body_->continueWanted = info.expectContinue;
    state_ = State::kBody;
  }
  sink.onRequestHead(end);
  return true;
}

/// Answers `status` through the sink (made here if there is none yet) and reads nothing more.
void Codec::refuse(int status, std::string_view reason) {
  if (sink_ == nullptr) sink_ = &handler_.newRequest(*this);
  keepAlive_ = false;
  requestDone_ = true;
  state_ = State::kClosed;
  sink_->onRequestError(status, reason);
}

bool Codec::readBody(buffer::Buffer& input) {
  if (input.empty()) return false;
  buffer::Buffer body(output_.pool());
  BodyDecoder::Status status = body_->decoder.decode(input, body);
  if (status == BodyDecoder::Status::kBad) {
    badBody(body_->decoder.error());
    return false;
  }
  if (status == BodyDecoder::Status::kDone) {
    http::RequestSink* sink = sink_;
    requestComplete();
    sink->onRequestBody(body, true);
    return true;
  }
  if (!body.empty()) sink_->onRequestBody(body, false);
  if (state_ != State::kBody) return true;
  return status == BodyDecoder::Status::kTrailers && !paused_ && readTrailers(input);
}

bool Codec::readTrailers(buffer::Buffer& input) {
  size_t bytes = body_->decoder.trailerBytes();
  std::string_view section = input.linearize(bytes).substr(0, bytes);
  sink_->pin(input.frontSlab());
  auto* trailers = sink_->arena().make<http::HeaderMap>(sink_->arena());
  input.consume(bytes);
  if (HeadError error = parseTrailers(section, limits_, *trailers)) {
    badBody(error.reason);
    return false;
  }
  http::RequestSink* sink = sink_;
  requestComplete();
  sink->onRequestTrailers(*trailers);
  return true;
}

void Codec::badBody(std::string_view reason) {
  if (sink_ == nullptr) {
    close(reason);
  } else {
    refuse(400, reason);
  }
}

bool Codec::discardBody(buffer::Buffer& input) {
  if (input.empty()) return false;
  size_t before = input.size();
  buffer::Buffer unwanted(output_.pool());
  BodyDecoder::Status status = body_->decoder.decode(input, unwanted);
  body_->discarded += before - input.size();
  switch (status) {
    case BodyDecoder::Status::kBad:
      close(body_->decoder.error());
      return false;
    case BodyDecoder::Status::kTrailers:
      input.consume(body_->decoder.trailerBytes());
      break;
    case BodyDecoder::Status::kDone:
      break;
    case BodyDecoder::Status::kMore:
      if (body_->discarded > kDiscardBytes) close("the rest of an unwanted body is too long");
      return false;
  }
  nextRequest();
  return true;
}

void Codec::requestComplete() {
  requestDone_ = true;
  state_ = writer_.raw() ? State::kRaw : State::kWaiting;
  if (state_ == State::kRaw) requestDone_ = false;
}

// ---- The end of an exchange --------------------------------------------------------------------

/// The response's last byte was given to us: the sink is not touched any more.
void Codec::responseComplete() {
  sink_ = nullptr;
  paused_ = false;
  if (!keepAlive_ || draining_ || writer_.endsConnection()) {
    close("the exchange is complete");
  } else if (requestDone_) {
    nextRequest();
  } else {
    state_ = State::kDiscard;
  }
}

void Codec::nextRequest() {
  state_ = State::kHead;
  writer_.reset();
  headStarted_ = requestDone_ = false;
  keepAlive_ = true;
  emptyLines_ = 0;
  scanner_.reset();
  body_.reset();
  if (draining_) close("draining");
}

void Codec::close(std::string_view reason) {
  state_ = State::kClosed;
  closeReason_ = reason;
  closeWanted_ = true;
  if (working_ || closeTold_) return;
  closeTold_ = true;
  handler_.onCodecClose(reason);
}

void Codec::reset(StreamError error) {
  sink_ = nullptr;
  close("the stream was reset");
}

void Codec::onWritable() {
  if (sink_ != nullptr) sink_->onResponseWritable();
}

void Codec::drain() {
  draining_ = true;
  if (idle()) {
    close("draining");
  } else if (!writer_.started()) {
    keepAlive_ = false;
  }
}

void Codec::onConnectionClosed() {
  state_ = State::kClosed;
  closeTold_ = true;
  http::RequestSink* sink = std::exchange(sink_, nullptr);
  if (sink != nullptr) sink->onRequestReset(StreamError::kPeerClosed);
}

// ---- The response ------------------------------------------------------------------------------

void Codec::sendInformational(int status, const http::HeaderMap* headers) {
  if (writer_.started() || sink_ == nullptr) return;
  if (status == 100) {
    if (requestDone_ || body_ == nullptr || !body_->continueWanted) return;
    body_->continueWanted = false;
  }
  writer_.informational(status, headers);
}

void Codec::sendHead(const http::ResponseHead& head, bool end) {
  if (sink_ == nullptr || writer_.started()) return;
  if (draining_) keepAlive_ = false;
  // A refusal: a client that waits for 100 may or may not send its body now.
  const bool early = (end || head.status >= 400) && !requestDone_ && body_ != nullptr;
  if (early && body_->notWorthReading()) keepAlive_ = false;
  writer_.head(head, end, keepAlive_);
  if (end) return responseComplete();
  if (writer_.raw() && state_ == State::kWaiting) {
    state_ = State::kRaw;
    requestDone_ = false;
  }
}

void Codec::sendBody(buffer::Buffer& data, bool end) {
  if (sink_ == nullptr || !writer_.started()) {
    data.clear();
    return;
  }
  writer_.body(data);
  if (!end) return;
  writer_.finish(nullptr);
  responseComplete();
}

void Codec::sendTrailers(const http::HeaderMap& trailers) {
  if (sink_ == nullptr || !writer_.started()) return;
  writer_.finish(&trailers);
  responseComplete();
}

}  // namespace

std::unique_ptr<ServerCodec> makeServerCodec(http::ServerCodecHandler& handler,
                                             buffer::Buffer& output,
                                             const http::CodecLimits& limits, DateCache& date) {
  return std::make_unique<Codec>(handler, output, limits, date);
}

}  // namespace tollgate::http1
