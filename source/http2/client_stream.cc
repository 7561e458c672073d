#include "source/http2/client_stream.h"

#include "source/base/decimal.h"
#include "source/http2/client_session.h"
#include "source/http2/fields.h"

namespace tollgate::http2 {

using http::HeaderCode;

void ClientStream::sendHead(const http::UpstreamRequest& request, bool end, int64_t contentLength,
                            http::ResponseSink& to) {
  sink = &to;
  constexpr uint64_t kLeft = http::bitOf(HeaderCode::kHost) | http::bitOf(HeaderCode::kTe) |
                             http::bitOf(HeaderCode::kContentLength) |
                             http::bitOf(HeaderCode::kHttp2Settings);
  FieldList& fields = session.fields();
  fields.clear();
  fields.push_back(fieldOf(":method", request.method));
  fields.push_back(fieldOf(":scheme", session.scheme()));
  const std::string_view authority = request.headers->get(HeaderCode::kHost);
  if (!authority.empty()) fields.push_back(fieldOf(":authority", authority));
  fields.push_back(fieldOf(":path", request.target));
  addFields(fields, *request.headers, kLeft);
  // Its only value in HTTP/2 (RFC 9113 section 8.2.2).
  if (request.headers->get(HeaderCode::kTe) == "trailers") {
    fields.push_back(fieldOf("te", "trailers"));
  }
  const Decimal length(contentLength);
  if (contentLength > 0 || (contentLength == 0 && end)) {
    fields.push_back(fieldOf("content-length", length.text()));
  }
  outEnd = end;
  session.begin(*this, end);
}

void ClientStream::sendBody(buffer::Buffer& data, bool end) {
  if (!maySend()) return data.clear();
  out.moveFrom(data);
  outEnd = end;
  resume(session.session(), id);
  session.touch();
}

void ClientStream::sendTrailers(const http::HeaderMap& fields) {
  if (!maySend()) return;
  keepTrailers(fields);
  outEnd = true;
  resume(session.session(), id);
  session.touch();
}

void ClientStream::reset(http::StreamError error) { session.giveUp(*this, error); }

bool ClientStream::congested() const {
  const bool full = out.size() > session.limits().streamHighBytes || session.outputFull();
  if (full) session.awaitWritable(*this);
  return full;
}

void ClientStream::pauseBody(bool pause) {
  paused = pause;
  if (!pause && id != 0) session.markDirty(*this);
}

}  // namespace tollgate::http2
