#include "source/http2/stream.h"

#include <algorithm>

#include "source/http2/fields.h"
#include "source/http2/server_codec.h"

namespace tollgate::http2 {
namespace {

/// In responses without content it would speak of content that they announce, or of none (RFC 9110
/// section 8.6); clients reset streams for it.
constexpr uint64_t kContentLength = http::bitOf(http::HeaderCode::kContentLength);

bool isInformational(int status) { return status >= 100 && status < 200 && status != 101; }
bool isFinal(int status) { return status >= 200 && status <= 999; }

uint32_t codeFor(http::StreamError error) {
  switch (error) {
    case http::StreamError::kNone:
      return NGHTTP2_NO_ERROR;
    case http::StreamError::kProtocol:
      return NGHTTP2_PROTOCOL_ERROR;
    case http::StreamError::kRefused:
      return NGHTTP2_REFUSED_STREAM;
    case http::StreamError::kTimeout:
      return NGHTTP2_CANCEL;
    default:
      return NGHTTP2_INTERNAL_ERROR;
  }
}

}  // namespace

void Stream::sendInformational(int status, const http::HeaderMap* headers) {
  if (headSent || localReset || !isInformational(status)) return;
  std::string code = std::to_string(status);
  FieldList fields{fieldOf(":status", code)};
  if (headers != nullptr) addFields(fields, *headers, kContentLength);
  nghttp2_submit_headers(codec.session(), NGHTTP2_FLAG_NONE, id, nullptr, fields.data(),
                         fields.size(), nullptr);
}

void Stream::sendHead(const http::ResponseHead& head, bool end) {
  if (!mayRespond()) return leave(end);
  if (headSent || !isFinal(head.status)) return breach(end);
  headSent = true;
  codec.started(*this);
  bool empty = head.status == 204 || head.status == 304;
  if (empty) noContent = true;
  std::string code = std::to_string(head.status);
  FieldList fields;
  fields.reserve(head.headers.size() + 1);
  fields.push_back(fieldOf(":status", code));
  addFields(fields, head.headers, empty ? kContentLength : 0);
  nghttp2_data_provider body = provider();
  nghttp2_submit_response(codec.session(), id, fields.data(), fields.size(), end ? nullptr : &body);
  if (end) {
    outEnd = true;
    codec.detach(*this);
  }
}

void Stream::sendBody(buffer::Buffer& data, bool end) {
  if (!mayRespond() || !headSent || noContent) data.clear();
  if (!mayRespond()) return leave(end);
  if (!headSent) return breach(end);
  codec.queue(*this, data);
  outEnd = end;
  resume(codec.session(), id);
  if (end) codec.detach(*this);
}

void Stream::sendTrailers(const http::HeaderMap& trailers) {
  if (!mayRespond()) return leave(true);
  if (!headSent) return breach(true);
  if (!noContent) keepTrailers(trailers);
  outEnd = true;
  resume(codec.session(), id);
  codec.detach(*this);
}

void Stream::reset(http::StreamError error) {
  if (mayRespond()) codec.abandon(*this, codeFor(error));
  leave(true);
}

/// A call that the contract does not allow: its exchange is told of the end, unless that was its
/// last one.
void Stream::breach(bool end) {
  codec.abandon(*this, NGHTTP2_INTERNAL_ERROR);
  leave(end);
}

/// `end`: it was the last call of the exchange.
void Stream::leave(bool end) {
  if (end && sink != nullptr) codec.detach(*this);
}

bool Stream::congested() const {
  bool full = out.size() > codec.allowance() || codec.outputFull();
  if (full) codec.awaitWritable(*this);
  return full;
}

void Stream::pauseBody(bool pause) {
  paused = pause;
  if (!pause) codec.markForDelivery(*this);
}

void Stream::closeAfter() { codec.drain(); }

}  // namespace tollgate::http2
