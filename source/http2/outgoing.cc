#include "source/http2/outgoing.h"

#include <algorithm>

#include "source/http2/fields.h"
#include "source/http2/head_rules.h"

namespace tollgate::http2 {

nghttp2_data_provider Outgoing::provider() {
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session* session, int32_t id, uint8_t*, size_t length,
                              uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
    auto& message = *static_cast<Outgoing*>(source->ptr);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    const size_t bytes = std::min(length, message.out.size());
    if (bytes < message.out.size()) return static_cast<ssize_t>(bytes);
    if (!message.outEnd) {
      if (bytes != 0) return static_cast<ssize_t>(bytes);
      message.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (message.hasOutTrailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      FieldList trailers;
      for (const auto& [name, value] : message.outTrailers) {
        trailers.push_back(fieldOf(name, value));
      }
      nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(bytes);
  };
  return provider;
}

void Outgoing::keepTrailers(const http::HeaderMap& trailers) {
  trailers.forEach([&](const http::Header& header) {
    if (isConnectionField(header.code) || !isToken(header.name())) return;
    if (header.code == http::HeaderCode::kContentLength || !isFieldValue(header.value())) return;
    outTrailers.emplace_back(header.name(), header.value());
  });
  hasOutTrailers = !outTrailers.empty();
}

}  // namespace tollgate::http2
