#include "source/http1/response_writer.h"

#include "source/base/decimal.h"
#include "source/http1/char_span.h"
#include "source/http1/head_writer.h"
#include "source/http1/reason_phrase.h"

namespace tollgate::http1 {

using http::HeaderCode;

void ResponseWriter::reset() {
  framing_ = Framing::kNone;
  version_ = http::Version::kHttp11;
  toSend_ = 0;
  toHead_ = endsConnection_ = lengthStands_ = false;
}

void ResponseWriter::informational(int status, const http::HeaderMap* headers) {
  if (version_ == http::Version::kHttp10) return;
  HeadWriter writer(output_, headers, 96);
  writer.statusLine(status, reasonOf(status));
  if (headers != nullptr) {
    writer.fields(*headers, kConnectionFields | bitOf(HeaderCode::kContentLength));
  }
  writer.put("\r\n");
  writer.finish();
}

/// How the body's end is marked; sets toSend_ and endsConnection_ as that wants it.
ResponseWriter::Framing ResponseWriter::chooseFraming(const http::ResponseHead& head, bool end) {
  if (head.status == 101) {
    endsConnection_ = true;
    return Framing::kRaw;
  }
  if (head.status < 200) {  // ends no request: the end of the connection has to
    endsConnection_ = true;
    return Framing::kNoBody;
  }
  if (toHead_ || head.status == 204 || head.status == 304) return Framing::kNoBody;
  const http::Header* length = head.headers.find(HeaderCode::kContentLength);
  if (length != nullptr && parseDecimal(length->value(), toSend_)) {
    lengthStands_ = length->checked() && head.headers.next(*length) == nullptr;
    return Framing::kLength;
  }
  toSend_ = 0;
  if (end) return Framing::kLength;
  if (version_ == http::Version::kHttp11) return Framing::kChunked;
  endsConnection_ = true;
  return Framing::kUntilClose;
}

void ResponseWriter::head(const http::ResponseHead& head, bool end, bool keepAlive) {
  framing_ = chooseFraming(head, end);
  std::string_view reason = head.reason.empty() ? reasonOf(head.status) : head.reason;
  if (!isFieldValue(reason)) reason = reasonOf(head.status);
  HeadWriter writer(output_, &head.headers, 256 + reason.size());
  const bool threeDigits = head.status >= 100 && head.status <= 999;
  writer.statusLine(threeDigits ? head.status : 500, reason);
  writer.fields(head.headers, skippedFields(head));
  writeFraming(writer, head, end);
  if (!head.headers.has(HeaderCode::kDate)) writer.put(date_.line());
  writeConnection(writer, head, keepAlive && !endsConnection_);
  writer.put("\r\n");
  writer.finish();
  if (end && toSend_ > 0) endsConnection_ = true;  // less than was promised
}

/// Fields of `head` that are not passed on, or written anew.
uint64_t ResponseWriter::skippedFields(const http::ResponseHead& head) const {
  uint64_t skipped = kConnectionFields;
  // 426 has to name what to upgrade to (RFC 9110 section 15.5.22).
  if (raw() || head.status == 426) skipped &= ~bitOf(HeaderCode::kUpgrade);
  // None in 1xx and 204 (RFC 9110 section 8.6).
  bool lengthAllowed = head.status >= 200 && head.status != 204;
  bool keepLength = lengthStands_ || (framing_ == Framing::kNoBody && lengthAllowed);
  if (!keepLength) skipped |= bitOf(HeaderCode::kContentLength);
  return skipped;
}

void ResponseWriter::writeFraming(HeadWriter& writer, const http::ResponseHead& head, bool end) {
  // The answer to HEAD is framed as the one to GET would be, where that is known.
  bool likeGet = toHead_ && !end && !head.headers.has(HeaderCode::kContentLength) &&
                 version_ == http::Version::kHttp11 && head.status >= 200 && head.status != 204 &&
                 head.status != 304;
  if (lengthStands_) return;
  if (framing_ == Framing::kLength) {
    writer.put("Content-Length: ");
    writer.number(static_cast<int64_t>(toSend_));
    writer.put("\r\n");
  } else if (framing_ == Framing::kChunked || likeGet) {
    writer.put("Transfer-Encoding: chunked\r\n");
  }
}

void ResponseWriter::writeConnection(HeadWriter& writer, const http::ResponseHead& head,
                                     bool keepAlive) {
  bool upgrade = head.status == 426 && head.headers.has(HeaderCode::kUpgrade);
  if (raw() || (upgrade && keepAlive)) {
    writer.put("Connection: Upgrade\r\n");
  } else if (upgrade) {
    writer.put("Connection: close, Upgrade\r\n");
  } else if (!keepAlive) {
    writer.put("Connection: close\r\n");
  } else {
    writer.put("Connection: keep-alive\r\n");
  }
}

void ResponseWriter::body(buffer::Buffer& data) {
  switch (framing_) {
    case Framing::kLength:
      if (data.size() > toSend_) {  // more than was promised: cut, and do not go on
        buffer::Buffer part(data.pool());
        part.moveFrom(data, static_cast<size_t>(toSend_));
        data.clear();
        endsConnection_ = true;
        toSend_ = 0;
        appendBody(output_, part);
        return;
      }
      toSend_ -= data.size();
      appendBody(output_, data);
      return;
    case Framing::kChunked:
      appendChunk(output_, data);
      return;
    case Framing::kUntilClose:
    case Framing::kRaw:
      appendBody(output_, data);
      return;
    case Framing::kNoBody:
    case Framing::kNone:
      data.clear();
      return;
  }
}

void ResponseWriter::finish(const http::HeaderMap* trailers) {
  if (framing_ == Framing::kChunked) appendLastChunk(output_, trailers);
  if (toSend_ > 0) endsConnection_ = true;  // less than was promised
}

}  // namespace tollgate::http1
