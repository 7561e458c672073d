#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/http1/char_span.h"
#include "source/http1/head_parser.h"

/// Internal to the head parser: one field of a head, fast where it is written as usual.
namespace tollgate::http1 {

inline constexpr HeadError kCut = {HeadError::kIncomplete, "the head is incomplete"};

/// Two bytes as one number, for comparisons.
constexpr uint16_t pairOf(char first, char second) {
  return static_cast<uint16_t>(static_cast<unsigned char>(first) |
                               static_cast<unsigned char>(second) << 8);
}
inline uint16_t loadPair(const char* p) { return pairOf(p[0], p[1]); }

constexpr bool isSpace(char c) { return c == ' ' || c == '\t'; }

/// One line of a head: "Name: value" CRLF.
struct FieldLine {
  std::string_view name, value;
  const char* next;  ///< Behind the CRLF.
  bool line;         ///< See http::Header.
};

#if defined(__SSSE3__)
/// The first of [p, end) for which `badIn` has a bit, or end. Reads 16 bytes at a time, none behind
/// `end`, but perhaps some before `p`.
template <uint32_t (*badIn)(__m128i)>
inline const char* spanWithin(const char* p, const char* end) {
  constexpr ptrdiff_t kWide = 16;
  for (; end - p >= kWide; p += kWide) {
    if (uint32_t bad = badIn(load16(p))) return p + __builtin_ctz(bad);
  }
  const auto rest = static_cast<uint32_t>(end - p);
  return p + __builtin_ctz(badIn(load16(end - kWide)) >> (kWide - rest) | 1U << rest);
}
#endif

/// A line as nearly everybody writes it: one space in front of the value, none behind it. False if
/// it is none, whatever the reason. From `floor` on bytes may be read.
[[gnu::always_inline]] inline bool takeUsualLine(const char* floor, const char* p, const char* end,
                                                 FieldLine& out) {
#if defined(__SSSE3__)
  constexpr auto kMark = [](char c) { return static_cast<unsigned char>(c) > ' '; };
  if (end - floor < 16) return false;
  const char* nameEnd = spanWithin<badInToken>(p, end);
  const char* value = nameEnd + 2;
  if (end - value < 2 || loadPair(nameEnd) != pairOf(':', ' ') || !kMark(*value)) return false;
  const char* lineEnd = spanWithin<badInValue>(value, end);
  if (end - lineEnd < 2 || loadPair(lineEnd) != pairOf('\r', '\n')) return false;
  out.name = {p, static_cast<size_t>(nameEnd - p)};
  out.value = {value, static_cast<size_t>(lineEnd - value)};
  out.next = lineEnd + 2;
  out.line = true;
  return nameEnd != p && out.name.size() <= UINT16_MAX && kMark(lineEnd[-1]);
#else
  return false;
#endif
}

/// Any line, or what is wrong with it. Not inlined: few are not as usual.
[[gnu::noinline]] inline HeadError takeLine(const char* p, const char* end, FieldLine& out) {
  const char* nameEnd = tokenSpan(p, end);
  if (nameEnd == end) return kCut;
  if (nameEnd == p || *nameEnd != ':') return {400, "invalid field name"};
  out.name = {p, static_cast<size_t>(nameEnd - p)};
  if (out.name.size() > UINT16_MAX) return {431, "field name too long"};
  const char* value = nameEnd + 1;
  while (value < end && isSpace(*value)) ++value;
  const char* lineEnd = valueSpan(value, end);
  if (end - lineEnd < 2) return kCut;
  if (lineEnd[0] != '\r' || lineEnd[1] != '\n') {
    return {400, "invalid character in a field value"};
  }
  out.next = lineEnd + 2;
  const char* valueEnd = lineEnd;
  while (valueEnd > value && isSpace(valueEnd[-1])) --valueEnd;
  out.value = {value, static_cast<size_t>(valueEnd - value)};
  out.line = value == nameEnd + 2 && nameEnd[1] == ' ' && valueEnd == lineEnd;
  return {};
}

}  // namespace tollgate::http1
