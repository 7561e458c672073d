#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/http/header_map.h"

namespace tollgate::http2 {

/// The body and the trailers of one message on their way into a stream, as nghttp2 asks for them.
struct Outgoing {
  explicit Outgoing(buffer::SlabPool& pool) : out(pool) {}

  /// To be submitted with the head; this outlives the stream of nghttp2.
  nghttp2_data_provider provider();
  /// Keeps those that may stand in trailers; they follow the body.
  void keepTrailers(const http::HeaderMap& trailers);
  /// nghttp2 has turned to others until there is more: it is to look again.
  void resume(nghttp2_session* session, int32_t id) {
    if (!deferred) return;
    deferred = false;
    nghttp2_session_resume_data(session, id);
  }

  buffer::Buffer out;
  std::vector<std::pair<std::string, std::string>> outTrailers;
  uint64_t bytesSent = 0;  ///< Of the body.
  bool outEnd = false;     ///< All of it is in `out`.
  bool hasOutTrailers = false;
  bool deferred = false;
};

}  // namespace tollgate::http2
