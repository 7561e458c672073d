#include "source/http2/stream.h"

#include <algorithm>

#include "source/http/field_list.h"
#include "source/http2/head_rules.h"
#include "source/http2/server_codec.h"

namespace tollgate::http2 {
namespace {

nghttp2_nv field(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// True for the names that the value of Connection lists.
bool namedBy(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    if (http::equalsIgnoreCase(http::nextElement(list), name)) return true;
  }
  return false;
}

/// In responses without content it would speak of content that they announce, or of none (RFC 9110
/// section 8.6); clients reset streams for it.
constexpr uint64_t kContentLength = http::bitOf(http::HeaderCode::kContentLength);

/// Those but the `left`. nghttp2 copies the fields and lowers the names, so views are enough here.
void addFields(std::vector<nghttp2_nv>& fields, const http::HeaderMap& headers, uint64_t left) {
  std::string_view connection = headers.get(http::HeaderCode::kConnection);
  headers.forEach([&](const http::Header& header) {
    if ((http::bitOf(header.code) & left) != 0) return;
    if (isConnectionField(header.code) || namedBy(connection, header.name())) return;
    if (!header.checked() && (!isToken(header.name()) || !isFieldValue(header.value()))) return;
    fields.push_back(field(header.name(), header.value()));
  });
}

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
  std::vector<nghttp2_nv> fields{field(":status", code)};
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
  std::vector<nghttp2_nv> fields;
  fields.reserve(head.headers.size() + 1);
  fields.push_back(field(":status", code));
  addFields(fields, head.headers, empty ? kContentLength : 0);
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
                              nghttp2_data_source* source, void*) -> ssize_t {
    auto& stream = *static_cast<Stream*>(source->ptr);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    size_t bytes = std::min(length, stream.out.size());
    if (bytes < stream.out.size()) return static_cast<ssize_t>(bytes);
    if (!stream.outEnd) {
      if (bytes != 0) return static_cast<ssize_t>(bytes);
      stream.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.hasOutTrailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      std::vector<nghttp2_nv> trailers;
      for (const auto& [name, value] : stream.outTrailers) trailers.push_back(field(name, value));
      nghttp2_submit_trailer(stream.codec.session(), stream.id, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(bytes);
  };
  nghttp2_submit_response(codec.session(), id, fields.data(), fields.size(),
                          end ? nullptr : &provider);
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
  codec.resume(*this);
  if (end) codec.detach(*this);
}

void Stream::sendTrailers(const http::HeaderMap& trailers) {
  if (!mayRespond()) return leave(true);
  if (!headSent) return breach(true);
  trailers.forEach([&](const http::Header& header) {
    if (isConnectionField(header.code) || !isToken(header.name())) return;
    if (header.code == http::HeaderCode::kContentLength || !isFieldValue(header.value())) return;
    outTrailers.emplace_back(header.name(), header.value());
  });
  hasOutTrailers = !noContent && !outTrailers.empty();
  outEnd = true;
  codec.resume(*this);
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
