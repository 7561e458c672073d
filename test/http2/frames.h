#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// HTTP/2 frames as bytes, for peers that do what nghttp2 would not.
namespace tollgate::http2 {

constexpr const char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(uint32_t value) {
  std::string out;
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
  return out;
}

inline std::string frame(uint8_t type, uint8_t flags, int32_t id, std::string_view payload) {
  std::string out = number(static_cast<uint32_t>(payload.size())).substr(1);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out + number(static_cast<uint32_t>(id)) + std::string(payload);
}

/// A field that enters no table, of up to 126 bytes each.
inline std::string literal(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out += static_cast<char>(name.size());
  out += name;
  out += static_cast<char>(value.size());
  out += value;
  return out;
}

inline std::string setting(uint16_t name, uint32_t value) {
  return {static_cast<char>(name >> 8),
          static_cast<char>(name),
          number(value)[0],
          number(value)[1],
          number(value)[2],
          number(value)[3]};
}

inline std::string headers(int32_t id, std::string_view block, bool end) {
  const uint8_t flags = NGHTTP2_FLAG_END_HEADERS | (end ? NGHTTP2_FLAG_END_STREAM : 0);
  return frame(NGHTTP2_HEADERS, flags, id, block);
}

/// The head of a response.
inline std::string status(int32_t id, std::string_view code, bool end, std::string_view more = {}) {
  return headers(id, literal(":status", code) + std::string(more), end);
}

inline std::string data(int32_t id, std::string_view bytes, bool end) {
  return frame(NGHTTP2_DATA, end ? NGHTTP2_FLAG_END_STREAM : 0, id, bytes);
}

inline std::string rst(int32_t id, uint32_t code) {
  return frame(NGHTTP2_RST_STREAM, 0, id, number(code));
}

inline std::string goaway(int32_t last, uint32_t code) {
  return frame(NGHTTP2_GOAWAY, 0, 0, number(static_cast<uint32_t>(last)) + number(code));
}

struct Frame {
  uint8_t type = 0, flags = 0;
  int32_t id = 0;
  std::string payload;
  /// The last four bytes of RST_STREAM, the second four of GOAWAY.
  uint32_t errorCode() const {
    uint32_t code = 0;
    size_t at = type == NGHTTP2_GOAWAY ? 4 : 0;
    for (size_t i = at; i < at + 4; ++i) code = code << 8 | static_cast<uint8_t>(payload.at(i));
    return code;
  }
  bool ends() const { return (flags & NGHTTP2_FLAG_END_STREAM) != 0; }
};

inline std::vector<Frame> framesOf(const std::string& bytes) {
  std::vector<Frame> frames;
  for (size_t at = 0; at + 9 <= bytes.size();) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    size_t length = size_t{byte(0)} << 16 | size_t{byte(1)} << 8 | byte(2);
    int32_t id = (byte(5) & 0x7f) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
    frames.push_back({byte(3), byte(4), id, bytes.substr(at + 9, length)});
    at += 9 + length;
  }
  return frames;
}

}  // namespace tollgate::http2
