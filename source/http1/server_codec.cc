#include "source/http1/server_codec.h"

#include <algorithm>
#include <utility>

#include "source/http1/body_decoder.h"
#include "source/http1/head_parser.h"
#include "source/http1/head_writer.h"

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
      : handler_(handler), output_(output), body_(output.pool()), limits_(limits), date_(date) {}

  // ServerCodec
  void onData(buffer::Buffer& input, bool end) override;
  void onWritable() override;
  void drain() override;
  void onConnectionClosed() override;
  size_t activeStreams() const override { return sink_ != nullptr ? 1 : 0; }
  bool idle() const override { return state_ == State::kHead && sink_ == nullptr && !headStarted_; }
  bool headStarted() const override { return state_ == State::kHead && headStarted_; }
  bool wantsInput() const override;

  // ServerStream
  void sendInformational(int status, const http::HeaderMap* headers) override;
  void sendHead(const http::ResponseHead& head, bool end) override;
  void sendBody(buffer::Buffer& data, bool end) override;
  void sendTrailers(const http::HeaderMap& trailers) override;
  void reset(StreamError error) override;
  bool congested() const override { return output_.size() > kHighMark; }
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
  enum class Send : uint8_t { kNone, kLength, kChunked, kUntilClose, kNoBody, kRaw };

  bool step(buffer::Buffer& input);
  bool readHead(buffer::Buffer& input);
  bool skipEmptyLines(buffer::Buffer& input);
  bool takeHead(buffer::Buffer& input);
  bool readBody(buffer::Buffer& input);
  bool readTrailers(buffer::Buffer& input);
  bool discardBody(buffer::Buffer& input);
  void inputEnded(bool allUsed);
  void refuse(int status, std::string_view reason);
  void badBody(std::string_view reason);
  void requestComplete();
  void responseComplete();
  void writeBody(buffer::Buffer& data);
  void nextRequest();
  void close(std::string_view reason);
  Send chooseFraming(const http::ResponseHead& head, bool end);
  void writeHead(const http::ResponseHead& head, bool end);
  void writeConnection(HeadWriter& writer, const http::ResponseHead& head);

  http::ServerCodecHandler& handler_;
  buffer::Buffer& output_;
  buffer::Buffer body_;  ///< Decoded bytes on their way to the sink; empty between calls.
  const http::CodecLimits& limits_;
  DateCache& date_;
  http::RequestSink* sink_ = nullptr;
  HeadScanner scanner_;
  BodyDecoder decoder_;
  MessageInfo info_;
  State state_ = State::kHead;
  Send send_ = Send::kNone;
  http::Version version_ = http::Version::kHttp11;
  uint64_t toSend_ = 0;  ///< With Send::kLength: bytes of the response still to come.
  uint64_t discarded_ = 0;
  int emptyLines_ = 0;
  bool headStarted_ = false;
  bool headRequest_ = false;  ///< The method is HEAD.
  bool keepAlive_ = true;
  bool draining_ = false;
  bool paused_ = false;
  bool requestDone_ = false;
  bool continueSent_ = false;
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
      body_.moveFrom(input);
      sink_->onRequestBody(body_, false);
      body_.clear();
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
      sink_->onRequestBody(body_, true);
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
  if (input.empty() || !skipEmptyLines(input) || input.empty()) return false;
  headStarted_ = true;
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
  return status == HeadScanner::Status::kDone && takeHead(input);
}

bool Codec::takeHead(buffer::Buffer& input) {
  size_t bytes = scanner_.bytes();
  std::string_view head = input.linearize(bytes).substr(0, bytes);
  http::RequestSink& sink = handler_.newRequest(*this);
  sink_ = &sink;
  sink.pin(input.frontSlab());
  input.consume(bytes);
  http::RequestHead& request = sink.request();
  info_ = MessageInfo();
  HeadError error = parseRequestHead(head, limits_, request, info_);
  headRequest_ = request.method == "HEAD";
  version_ = request.version;
  if (error) {
    refuse(error.status, error.reason);
    return false;
  }
  keepAlive_ = info_.keepAlive && !draining_;
  bool end = info_.body == BodyKind::kNone;
  if (end) {
    requestComplete();
  } else {
    decoder_.start(info_, limits_);
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
  BodyDecoder::Status status = decoder_.decode(input, body_);
  if (status == BodyDecoder::Status::kBad) {
    badBody(decoder_.error());
    return false;
  }
  if (status == BodyDecoder::Status::kDone) {
    http::RequestSink* sink = sink_;
    requestComplete();
    sink->onRequestBody(body_, true);
    body_.clear();
    return true;
  }
  if (!body_.empty()) {
    sink_->onRequestBody(body_, false);
    body_.clear();
  }
  if (state_ != State::kBody) return true;
  return status == BodyDecoder::Status::kTrailers && !paused_ && readTrailers(input);
}

bool Codec::readTrailers(buffer::Buffer& input) {
  size_t bytes = decoder_.trailerBytes();
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
  body_.clear();
  if (sink_ == nullptr) {
    close(reason);
  } else {
    refuse(400, reason);
  }
}

bool Codec::discardBody(buffer::Buffer& input) {
  if (input.empty()) return false;
  size_t before = input.size();
  BodyDecoder::Status status = decoder_.decode(input, body_);
  body_.clear();
  discarded_ += before - input.size();
  switch (status) {
    case BodyDecoder::Status::kBad:
      close(decoder_.error());
      return false;
    case BodyDecoder::Status::kTrailers:
      input.consume(decoder_.trailerBytes());
      break;
    case BodyDecoder::Status::kDone:
      break;
    case BodyDecoder::Status::kMore:
      if (discarded_ > kDiscardBytes) close("the rest of an unwanted body is too long");
      return false;
  }
  nextRequest();
  return true;
}

void Codec::requestComplete() {
  requestDone_ = true;
  state_ = send_ == Send::kRaw ? State::kRaw : State::kWaiting;
  if (state_ == State::kRaw) requestDone_ = false;
}

// ---- The end of an exchange --------------------------------------------------------------------

/// The response's last byte was given to us: the sink is not touched any more.
void Codec::responseComplete() {
  sink_ = nullptr;
  paused_ = false;
  if (!keepAlive_ || draining_) {
    close("the exchange is complete");
  } else if (requestDone_) {
    nextRequest();
  } else {
    state_ = State::kDiscard;
    discarded_ = 0;
  }
}

void Codec::nextRequest() {
  state_ = State::kHead;
  send_ = Send::kNone;
  headStarted_ = requestDone_ = continueSent_ = headRequest_ = false;
  keepAlive_ = true;
  emptyLines_ = 0;
  scanner_.reset();
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
  } else if (send_ == Send::kNone) {
    keepAlive_ = false;
  }
}

void Codec::onConnectionClosed() {
  state_ = State::kClosed;
  closeTold_ = true;
  http::RequestSink* sink = std::exchange(sink_, nullptr);
  if (sink != nullptr) sink->onRequestReset(StreamError::kPeerClosed);
}

// ---- Output ------------------------------------------------------------------------------------

void Codec::sendInformational(int status, const http::HeaderMap* headers) {
  if (version_ == http::Version::kHttp10 || send_ != Send::kNone || sink_ == nullptr) return;
  if (status == 100) {
    if (continueSent_ || !info_.expectContinue || requestDone_) return;
    continueSent_ = true;
  }
  HeadWriter writer(output_, headers, 96);
  writer.put("HTTP/1.1 ");
  writer.number(static_cast<uint64_t>(status));
  writer.put(" ");
  writer.put(reasonOf(status));
  writer.put("\r\n");
  if (headers != nullptr) {
    writer.fields(*headers, kConnectionFields | bitOf(HeaderCode::kContentLength));
  }
  writer.put("\r\n");
  writer.finish();
}

/// How the response's end is marked; sets toSend_ and, where it must, keepAlive_.
Codec::Send Codec::chooseFraming(const http::ResponseHead& head, bool end) {
  if (head.status == 101) {
    keepAlive_ = false;
    return Send::kRaw;
  }
  if (headRequest_ || head.status == 204 || head.status == 304) return Send::kNoBody;
  std::string_view length = head.headers.get(HeaderCode::kContentLength);
  if (!length.empty() && parseNumber(length, toSend_)) return Send::kLength;
  toSend_ = 0;
  if (end) return Send::kLength;
  if (version_ == http::Version::kHttp11) return Send::kChunked;
  keepAlive_ = false;
  return Send::kUntilClose;
}

void Codec::sendHead(const http::ResponseHead& head, bool end) {
  if (sink_ == nullptr || send_ != Send::kNone) return;
  if (draining_) keepAlive_ = false;
  // A client that waits for 100 may or may not send its body now; a long rest is not worth reading.
  if (!requestDone_ && head.status != 101) {
    bool unsure = info_.expectContinue && !continueSent_;
    if (end && (unsure || (info_.body == BodyKind::kLength && info_.length > kDiscardBytes))) {
      keepAlive_ = false;
    }
  }
  send_ = chooseFraming(head, end);
  writeHead(head, end);
  if (send_ == Send::kRaw) {
    if (state_ == State::kWaiting) {
      state_ = State::kRaw;
      requestDone_ = false;
    }
    return;
  }
  if (!end) return;
  if (send_ == Send::kLength && toSend_ > 0) keepAlive_ = false;  // less than was promised
  responseComplete();
}

void Codec::writeHead(const http::ResponseHead& head, bool end) {
  std::string_view reason = head.reason.empty() ? reasonOf(head.status) : head.reason;
  if (!isFieldValue(reason)) reason = reasonOf(head.status);
  HeadWriter writer(output_, &head.headers, 256 + reason.size());
  writer.put("HTTP/1.1 ");
  writer.number(static_cast<uint64_t>(head.status));
  writer.put(" ");
  writer.put(reason);
  writer.put("\r\n");
  uint64_t skip = kConnectionFields;
  // 426 has to name what to upgrade to (RFC 9110 section 15.5.22).
  bool upgrade = send_ == Send::kRaw || head.status == 426;
  if (upgrade) skip &= ~bitOf(HeaderCode::kUpgrade);
  bool hasLength = head.headers.has(HeaderCode::kContentLength);
  bool keepLength = send_ == Send::kNoBody && head.status != 204;
  if (!keepLength) skip |= bitOf(HeaderCode::kContentLength);
  writer.fields(head.headers, skip);
  if (send_ == Send::kLength) {
    writer.put("Content-Length: ");
    writer.number(toSend_);
    writer.put("\r\n");
  } else if (send_ == Send::kChunked) {
    writer.put("Transfer-Encoding: chunked\r\n");
  } else if (headRequest_ && !end && !hasLength && version_ == http::Version::kHttp11 &&
             head.status != 204 && head.status != 304) {
    writer.put("Transfer-Encoding: chunked\r\n");  // as the answer to GET would have it
  }
  if (!head.headers.has(HeaderCode::kDate)) writer.put(date_.line());
  writeConnection(writer, head);
  writer.put("\r\n");
  writer.finish();
}

void Codec::writeConnection(HeadWriter& writer, const http::ResponseHead& head) {
  bool upgrade = head.status == 426 && head.headers.has(HeaderCode::kUpgrade);
  if (send_ == Send::kRaw || (upgrade && keepAlive_)) {
    writer.put("Connection: Upgrade\r\n");
  } else if (upgrade) {
    writer.put("Connection: close, Upgrade\r\n");
  } else if (!keepAlive_) {
    writer.put("Connection: close\r\n");
  } else {
    writer.put("Connection: keep-alive\r\n");
  }
}

void Codec::writeBody(buffer::Buffer& data) {
  switch (send_) {
    case Send::kLength:
      if (data.size() > toSend_) {  // more than was promised: cut, and do not go on
        buffer::Buffer part(data.pool());
        part.moveFrom(data, static_cast<size_t>(toSend_));
        data.clear();
        keepAlive_ = false;
        toSend_ = 0;
        appendBody(output_, part);
        return;
      }
      toSend_ -= data.size();
      appendBody(output_, data);
      return;
    case Send::kChunked:
      appendChunk(output_, data);
      return;
    case Send::kUntilClose:
    case Send::kRaw:
      appendBody(output_, data);
      return;
    case Send::kNoBody:
    case Send::kNone:
      data.clear();
      return;
  }
}

void Codec::sendBody(buffer::Buffer& data, bool end) {
  if (sink_ == nullptr || send_ == Send::kNone) {
    data.clear();
    return;
  }
  writeBody(data);
  if (!end) return;
  if (send_ == Send::kChunked) appendLastChunk(output_, nullptr);
  if (send_ == Send::kLength && toSend_ > 0) keepAlive_ = false;
  responseComplete();
}

void Codec::sendTrailers(const http::HeaderMap& trailers) {
  if (sink_ == nullptr || send_ == Send::kNone) return;
  if (send_ == Send::kChunked) appendLastChunk(output_, &trailers);
  if (send_ == Send::kLength && toSend_ > 0) keepAlive_ = false;
  responseComplete();
}

}  // namespace

std::unique_ptr<ServerCodec> makeServerCodec(http::ServerCodecHandler& handler,
                                             buffer::Buffer& output,
                                             const http::CodecLimits& limits, DateCache& date) {
  return std::make_unique<Codec>(handler, output, limits, date);
}

std::string_view reasonOf(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Entity";
    case 424:
      return "Failed Dependency";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 494:
      return "Request Header Or Cookie Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace tollgate::http1
