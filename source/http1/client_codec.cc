#include "source/http1/client_codec.h"

#include <utility>

#include "source/http1/head_writer.h"

namespace tollgate::http1 {
namespace {

using http::HeaderCode;
using http::StreamError;

/// Interim responses tolerated before the final one.
constexpr int kMaxInformational = 32;

}  // namespace

// ---- The request -------------------------------------------------------------------------------

void ClientCodec::sendHead(const http::UpstreamRequest& request, bool end, int64_t contentLength,
                           http::ResponseSink& sink) {
  sink_ = &sink;
  state_ = State::kHead;
  scanner_.reset();
  informationals_ = 0;
  headRequest_ = request.method == "HEAD";
  upgrade_ = request.upgrade;
  requestDone_ = end;
  chunked_ = !end && contentLength < 0;
  toSend_ = end || contentLength < 0 ? 0 : static_cast<uint64_t>(contentLength);
  size_t extra = request.method.size() + request.target.size() + 160;
  HeadWriter writer(output_, request.headers, extra);
  writer.put(request.method);
  writer.put(" ");
  writer.put(request.target);
  writer.put(" HTTP/1.1\r\n");
  if (request.headers != nullptr) {
    writer.fields(*request.headers, kConnectionFields | bitOf(HeaderCode::kContentLength));
  }
  writeFraming(writer, request, end, contentLength);
  writer.put("\r\n");
  writer.finish();
}

void ClientCodec::writeFraming(HeadWriter& writer, const http::UpstreamRequest& request, bool end,
                               int64_t contentLength) {
  if (chunked_) {
    writer.put("Transfer-Encoding: chunked\r\n");
  } else if (!end) {
    writer.put("Content-Length: ");
    writer.number(contentLength);
    writer.put("\r\n");
  } else if (contentLength == 0) {  // as the client said; not for what it left open
    writer.put("Content-Length: 0\r\n");
  }
  writer.put(request.upgrade ? "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                             : "Connection: keep-alive\r\n");
}

void ClientCodec::writeBody(buffer::Buffer& data) {
  if (state_ == State::kRaw) {
    appendBody(output_, data);
  } else if (chunked_) {
    appendChunk(output_, data);
  } else if (data.size() > toSend_) {  // would be read as the next request
    data.clear();
    broken_ = true;
  } else {
    toSend_ -= data.size();
    appendBody(output_, data);
  }
}

void ClientCodec::sendBody(buffer::Buffer& data, bool end) {
  if (requestDone_ && state_ != State::kRaw) {
    data.clear();
    return;
  }
  writeBody(data);
  if (!end) return;
  if (state_ != State::kRaw) {
    if (chunked_) appendLastChunk(output_, nullptr);
    if (toSend_ > 0) broken_ = true;
  }
  requestDone_ = true;
}

void ClientCodec::sendTrailers(const http::HeaderMap& trailers) {
  if (requestDone_) return;
  if (chunked_) appendLastChunk(output_, &trailers);
  if (toSend_ > 0) broken_ = true;
  requestDone_ = true;
}

// ---- The response ------------------------------------------------------------------------------

void ClientCodec::onData(buffer::Buffer& input, bool end) {
  while (step(input)) {
  }
  if (end) inputEnded({});
}

/// One unit of work. False: more input has to come first.
bool ClientCodec::step(buffer::Buffer& input) {
  switch (state_) {
    case State::kHead:
      return readHead(input);
    case State::kBody:
      return readBody(input);
    case State::kRaw:
      if (input.empty()) return false;
      body_.moveFrom(input);
      sink_->onResponseBody(body_, false);
      body_.clear();
      return false;
    case State::kIdle:
      if (!input.empty()) broken_ = true;  // bytes that nobody asked for
      input.clear();
      return false;
  }
  return false;
}

void ClientCodec::onConnectionClosed(std::string_view reason) {
  if (sink_ != nullptr) inputEnded(reason);
}

/// `reason`: why the connection has broken; "" where the origin has ended it in order.
void ClientCodec::inputEnded(std::string_view reason) {
  broken_ = true;
  if (sink_ == nullptr) return;
  bool complete = state_ == State::kRaw || (state_ == State::kBody && decoder_.untilClose());
  if (complete) {
    finish().onResponseBody(body_, true);
    body_.clear();
    return;
  }
  bool nothing = state_ == State::kHead && scanner_.bytes() == 0 && informationals_ == 0;
  if (reason.empty())
    reason = nothing ? "closed before the response" : "closed within the response";
  fail(StreamError::kPeerClosed, reason);
}

void ClientCodec::fail(StreamError error, std::string_view detail) {
  broken_ = true;
  state_ = State::kIdle;
  body_.clear();
  http::ResponseSink* sink = std::exchange(sink_, nullptr);
  if (sink != nullptr) sink->onResponseError(error, detail);
}

/// The response is complete; the sink gets one more call from the caller.
http::ResponseSink& ClientCodec::finish() {
  state_ = State::kIdle;
  return *std::exchange(sink_, nullptr);
}

void ClientCodec::abandon() {
  sink_ = nullptr;
  state_ = State::kIdle;
  broken_ = true;
}

bool ClientCodec::readHead(buffer::Buffer& input) {
  if (input.empty()) return false;
  // Most heads come in one piece: they are parsed without a search for their end.
  bool first = scanner_.bytes() == 0 && input.front().size() <= limits_.maxHeadBytes;
  if (first && parseHead(input, false)) return true;
  HeadScanner::Status status = scanner_.scan(input);
  if (status == HeadScanner::Status::kBad) {
    fail(StreamError::kProtocol, "bare LF in the response head");
    return true;
  }
  if (scanner_.bytes() > limits_.maxHeadBytes) {
    fail(StreamError::kProtocol, "response head too large");
    return true;
  }
  if (status != HeadScanner::Status::kDone) return false;
  input.linearize(scanner_.bytes());
  return parseHead(input, true);
}

/// `complete`: the front range is known to hold the whole head. Else false, and nothing has
/// happened, if it does not parse: what is wrong with it is told when all of it is there.
bool ClientCodec::parseHead(buffer::Buffer& input, bool complete) {
  http::ResponseSink& sink = *sink_;
  http::ResponseHead& response = sink.response();
  response.headers.clear();
  MessageInfo info;
  HeadError error = parseResponseHead(input.front(), limits_, headRequest_, response, info);
  if (error && !complete) {
    response.headers.clear();
    response.status = 0;
    response.reason = {};
    return false;
  }
  sink.pin(input.frontSlab());
  if (error) {
    fail(StreamError::kProtocol, error.reason);
    return true;
  }
  input.consume(info.headBytes);
  scanner_.reset();
  takeHead(input, info);
  return true;
}

void ClientCodec::takeHead(const buffer::Buffer& input, const MessageInfo& info) {
  if (sink_->response().status < 200) return informational(*sink_, info);
  keepAlive_ = info.keepAlive;
  if (info.body == BodyKind::kNone) {
    if (!input.empty()) broken_ = true;
    return finish().onResponseHead(true);
  }
  decoder_.start(info, limits_);
  state_ = State::kBody;
  sink_->onResponseHead(false);
}

void ClientCodec::informational(http::ResponseSink& sink, const MessageInfo& info) {
  int status = sink.response().status;
  if (status == 101) {
    if (!upgrade_ || !info.upgrade || !requestDone_) {
      return fail(StreamError::kProtocol, "unexpected 101");
    }
    state_ = State::kRaw;
    broken_ = true;
    requestDone_ = false;
    return sink.onResponseHead(false);
  }
  if (++informationals_ > kMaxInformational) {
    return fail(StreamError::kProtocol, "too many interim responses");
  }
  sink.onInformational(status, sink.response().headers);
  if (sink_ == &sink) sink.response().headers.clear();
}

bool ClientCodec::readBody(buffer::Buffer& input) {
  if (input.empty()) return false;
  BodyDecoder::Status status = decoder_.decode(input, body_);
  if (status == BodyDecoder::Status::kBad) {
    fail(StreamError::kProtocol, decoder_.error());
    return true;
  }
  if (status == BodyDecoder::Status::kDone) {
    if (!input.empty()) broken_ = true;
    finish().onResponseBody(body_, true);
    body_.clear();
    return true;
  }
  if (!body_.empty()) {
    sink_->onResponseBody(body_, false);
    body_.clear();
  }
  if (state_ != State::kBody) return true;
  return status == BodyDecoder::Status::kTrailers && readTrailers(input);
}

bool ClientCodec::readTrailers(buffer::Buffer& input) {
  size_t bytes = decoder_.trailerBytes();
  std::string_view section = input.linearize(bytes).substr(0, bytes);
  sink_->pin(input.frontSlab());
  auto* trailers = sink_->arena().make<http::HeaderMap>(sink_->arena());
  input.consume(bytes);
  if (HeadError error = parseTrailers(section, limits_, *trailers)) {
    fail(StreamError::kProtocol, error.reason);
    return true;
  }
  if (!input.empty()) broken_ = true;
  finish().onResponseTrailers(*trailers);
  return true;
}

}  // namespace tollgate::http1
