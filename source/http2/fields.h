#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "source/http/header_map.h"

/// Header fields on their way into nghttp2, which copies them and lowers their names.
namespace tollgate::http2 {

using FieldList = std::vector<nghttp2_nv>;

inline nghttp2_nv fieldOf(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// Adds those that may stand in HTTP/2, but not the `left` (bits of their codes).
void addFields(FieldList& fields, const http::HeaderMap& headers, uint64_t left);

inline std::string_view viewOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
inline std::string_view viewOf(nghttp2_rcbuf* text) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
  return viewOf(bytes.base, bytes.len);
}

}  // namespace tollgate::http2
