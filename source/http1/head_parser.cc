#include "source/http1/head_parser.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

namespace tollgate::http1 {
namespace {

using http::HeaderCode;

// ---- Character classes -------------------------------------------------------------------------

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

constexpr bool isAlpha(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
constexpr bool isDigit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool isHex(unsigned char c) {
  return isDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

constexpr std::array<bool, 256> kToken = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) {
    auto byte = static_cast<unsigned char>(c);
    table[c] = isAlpha(byte) || isDigit(byte) || kTokenMarks.find(char(c)) != kTokenMarks.npos;
  }
  return table;
}();

/// Returns the first byte in [p, end) outside a class, or end.
using Span = const char* (*)(const char* p, const char* end);

const char* tokenSpanScalar(const char* p, const char* end) {
  while (p < end && kToken[static_cast<unsigned char>(*p)]) ++p;
  return p;
}

const char* valueSpanScalar(const char* p, const char* end) {
  for (; p < end; ++p) {
    auto c = static_cast<unsigned char>(*p);
    if ((c < 0x20 && c != '\t') || c == 0x7f) break;
  }
  return p;
}

#if defined(__x86_64__)
// For a token byte x: lowNibble[x & 15] has the bit of x's high nibble. Bytes from 0x80 have none.
alignas(16) constexpr std::array<uint8_t, 16> kTokenLow = [] {
  std::array<uint8_t, 16> table{};
  for (int c = 0; c < 128; ++c) {
    if (kToken[c]) table[c & 15] = static_cast<uint8_t>(table[c & 15] | (1 << (c >> 4)));
  }
  return table;
}();
alignas(16) constexpr std::array<uint8_t, 16> kTokenHigh = {1, 2, 4, 8, 16, 32, 64, 128};

__attribute__((target("avx2"))) const char* tokenSpanAvx2(const char* p, const char* end) {
  const __m256i low = _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(kTokenLow.data())));
  const __m256i high = _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(kTokenHigh.data())));
  const __m256i nibble = _mm256_set1_epi8(15);
  for (; end - p >= 32; p += 32) {
    __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    __m256i a = _mm256_shuffle_epi8(low, x);
    __m256i b = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
    __m256i bad = _mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256());
    auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(bad));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
  return tokenSpanScalar(p, end);
}

__attribute__((target("avx2"))) const char* valueSpanAvx2(const char* p, const char* end) {
  const __m256i limit = _mm256_set1_epi8(0x1f);
  const __m256i tab = _mm256_set1_epi8('\t');
  const __m256i del = _mm256_set1_epi8(0x7f);
  for (; end - p >= 32; p += 32) {
    __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    __m256i bad = _mm256_cmpeq_epi8(_mm256_min_epu8(x, limit), x);
    bad = _mm256_andnot_si256(_mm256_cmpeq_epi8(x, tab), bad);
    bad = _mm256_or_si256(bad, _mm256_cmpeq_epi8(x, del));
    auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(bad));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
  return valueSpanScalar(p, end);
}

bool hasAvx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2");
}
const Span tokenSpan = hasAvx2() ? tokenSpanAvx2 : tokenSpanScalar;
const Span valueSpan = hasAvx2() ? valueSpanAvx2 : valueSpanScalar;
#else
constexpr Span tokenSpan = tokenSpanScalar;
constexpr Span valueSpan = valueSpanScalar;
#endif

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Calls `each(trimmed element)` for every element of a comma-separated list.
template <typename F>
void forEachElement(std::string_view list, F&& each) {
  while (true) {
    size_t comma = list.find(',');
    each(trim(list.substr(0, comma)));
    if (comma == list.npos) return;
    list.remove_prefix(comma + 1);
  }
}

// ---- Fields ------------------------------------------------------------------------------------

/// What the fields say about framing; counted while they are added.
struct FieldFacts {
  int hosts = 0;
  int codings = 0;
  int lengths = 0;
  uint64_t length = 0;
  std::string_view coding;
  bool badLength = false;
  bool close = false;
  bool keepAlive = false;
  bool upgradeToken = false;
};

bool parseLength(std::string_view text, uint64_t& length) {
  if (text.empty() || text.size() > 18) return false;  // 18 digits always fit 63 bits
  uint64_t value = 0;
  for (char c : text) {
    if (!isDigit(static_cast<unsigned char>(c))) return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  length = value;
  return true;
}

void noteField(HeaderCode code, std::string_view value, FieldFacts& facts) {
  switch (code) {
    case HeaderCode::kHost:
      ++facts.hosts;
      break;
    case HeaderCode::kTransferEncoding:
      ++facts.codings;
      facts.coding = value;
      break;
    case HeaderCode::kContentLength: {
      uint64_t length = 0;
      if (!parseLength(value, length) || facts.lengths > 0) {
        facts.badLength = true;
      }
      facts.length = length;
      ++facts.lengths;
      break;
    }
    case HeaderCode::kConnection:
      forEachElement(value, [&](std::string_view token) {
        if (http::equalsIgnoreCase(token, "close")) facts.close = true;
        if (http::equalsIgnoreCase(token, "keep-alive")) facts.keepAlive = true;
        if (http::equalsIgnoreCase(token, "upgrade")) facts.upgradeToken = true;
      });
      break;
    default:
      break;
  }
}

/// Parses fields from `p` up to and with the empty line at the end.
template <typename Each>
HeadError parseFields(const char* p, const char* end, size_t maxFields, Each&& each) {
  size_t count = 0;
  while (true) {
    if (end - p < 2) return {400, "the head is incomplete"};
    if (p[0] == '\r') {
      if (p[1] != '\n' || p + 2 != end) return {400, "bare CR"};
      return {};
    }
    const char* nameEnd = tokenSpan(p, end);
    if (nameEnd == p || nameEnd == end || *nameEnd != ':') return {400, "invalid field name"};
    std::string_view name(p, static_cast<size_t>(nameEnd - p));
    if (name.size() > UINT16_MAX) return {431, "field name too long"};
    const char* value = nameEnd + 1;
    while (value < end && (*value == ' ' || *value == '\t')) ++value;
    const char* valueEnd = valueSpan(value, end);
    if (end - valueEnd < 2 || valueEnd[0] != '\r' || valueEnd[1] != '\n') {
      return {400, "invalid character in a field value"};
    }
    p = valueEnd + 2;
    while (valueEnd > value && (valueEnd[-1] == ' ' || valueEnd[-1] == '\t')) --valueEnd;
    if (++count > maxFields) return {431, "too many fields"};
    each(http::codeOf(name), name, {value, static_cast<size_t>(valueEnd - value)});
  }
}

/// Checks Transfer-Encoding: exactly one, final and only coding "chunked".
HeadError checkCoding(const FieldFacts& facts) {
  if (facts.codings > 1) return {400, "repeated Transfer-Encoding"};
  if (http::equalsIgnoreCase(facts.coding, "chunked")) return {};
  int chunked = 0;
  bool valid = true;
  bool last = false;
  forEachElement(facts.coding, [&](std::string_view coding) {
    last = http::equalsIgnoreCase(coding, "chunked");
    chunked += last ? 1 : 0;
    if (!isToken(coding)) valid = false;
  });
  if (!valid || chunked > 1 || (chunked == 1 && !last)) return {400, "invalid Transfer-Encoding"};
  return {501, "transfer coding not supported"};
}

/// The rules of framing that requests and responses share. Sets kLength or kChunked where said.
HeadError frame(const FieldFacts& facts, http::Version version, MessageInfo& info) {
  if (facts.badLength) return {400, "invalid or repeated Content-Length"};
  if (facts.codings > 0) {
    if (facts.lengths > 0) return {400, "Content-Length beside Transfer-Encoding"};
    if (version == http::Version::kHttp10) return {400, "Transfer-Encoding in HTTP/1.0"};
    if (HeadError error = checkCoding(facts)) return error;
    info.body = BodyKind::kChunked;
  } else if (facts.lengths > 0 && facts.length > 0) {
    info.body = BodyKind::kLength;
    info.length = facts.length;
  }
  info.keepAlive = !facts.close && (version == http::Version::kHttp11 || facts.keepAlive);
  return {};
}

void dropRepeatedLength(const FieldFacts& facts, http::HeaderMap& headers) {
  if (facts.lengths > 1) {
    headers.set(HeaderCode::kContentLength, headers.get(HeaderCode::kContentLength));
  }
}

// ---- Start lines -------------------------------------------------------------------------------

HeadError parseVersion(std::string_view text, http::Version& version) {
  if (text == "HTTP/1.1") {
    version = http::Version::kHttp11;
    return {};
  }
  if (text == "HTTP/1.0") {
    version = http::Version::kHttp10;
    return {};
  }
  bool wellFormed = text.size() == 8 && text.substr(0, 5) == "HTTP/" && text[6] == '.' &&
                    isDigit(static_cast<unsigned char>(text[5])) &&
                    isDigit(static_cast<unsigned char>(text[7]));
  if (wellFormed) return {505, "HTTP version not supported"};
  return {400, "malformed HTTP version"};
}

/// Length of "http://" or "https://" at the start of `target`, or 0.
size_t schemeBytes(std::string_view target) {
  if (http::equalsIgnoreCase(target.substr(0, 7), "http://")) return 7;
  if (http::equalsIgnoreCase(target.substr(0, 8), "https://")) return 8;
  return 0;
}

/// Splits an absolute-form target: authority into `head.host`, the rest into `head.target`.
HeadError splitAbsolute(size_t scheme, http::RequestHead& head) {
  std::string_view rest = head.target.substr(scheme);
  size_t authorityEnd = rest.find_first_of("/?#");
  head.host = rest.substr(0, authorityEnd);
  if (head.host.empty() || !isHostAndPort(head.host)) return {400, "invalid authority in target"};
  if (authorityEnd == rest.npos) {
    head.target = head.method == "OPTIONS" ? "*" : "/";
  } else {
    head.target = rest.substr(authorityEnd);
    if (head.target[0] == '?') head.target = head.headers.arena().concat("/", head.target);
  }
  return {};
}

/// Checks the target's form. `absolute`: it carried the authority.
HeadError checkTarget(const http::CodecLimits& limits, http::RequestHead& head, bool& absolute) {
  if (head.target.empty()) return {400, "empty request target"};
  if (head.target.size() > limits.maxTargetBytes) return {414, "request target too long"};
  if (head.method == "CONNECT") return {405, "CONNECT is not supported"};
  if (head.target[0] != '/') {
    if (head.target == "*") {
      if (head.method != "OPTIONS") return {400, "asterisk target without OPTIONS"};
    } else {
      size_t scheme = schemeBytes(head.target);
      if (scheme == 0) return {400, "malformed request target"};
      absolute = true;
      if (HeadError error = splitAbsolute(scheme, head)) return error;
    }
  }
  if (head.target.find('#') != head.target.npos) return {400, "fragment in request target"};
  return {};
}

/// Parses "METHOD SP target SP version CRLF"; `next` is set behind it.
HeadError parseRequestLine(std::string_view bytes, const http::CodecLimits& limits,
                           http::RequestHead& head, const char*& next, bool& absolute) {
  const char* p = bytes.data();
  const char* end = p + bytes.size();
  const char* methodEnd = tokenSpan(p, end);
  if (methodEnd == p || methodEnd == end || *methodEnd != ' ') return {400, "malformed method"};
  if (methodEnd - p > 64) return {400, "method too long"};
  // Methods are case-sensitive, and origins that are not would be led astray by "get".
  if (std::any_of(p, methodEnd, [](char c) { return c >= 'a' && c <= 'z'; })) {
    return {400, "method in lower case"};
  }
  head.method = {p, static_cast<size_t>(methodEnd - p)};
  const char* line = methodEnd + 1;
  const char* lineEnd = valueSpan(line, end);
  if (end - lineEnd < 2 || lineEnd[0] != '\r' || lineEnd[1] != '\n') {
    return {400, "invalid character in the request line"};
  }
  next = lineEnd + 2;
  std::string_view rest(line, static_cast<size_t>(lineEnd - line));
  size_t space = rest.rfind(' ');
  if (space == rest.npos) return {400, "malformed request line"};
  head.target = rest.substr(0, space);
  if (head.target.find_first_of(" \t") != head.target.npos) {
    return {400, "white space in the request target"};
  }
  if (HeadError error = parseVersion(rest.substr(space + 1), head.version)) return error;
  return checkTarget(limits, head, absolute);
}

HeadError checkHost(const FieldFacts& facts, bool absolute, http::RequestHead& head) {
  if (facts.hosts > 1) return {400, "repeated Host"};
  if (facts.hosts == 0) {
    if (head.version == http::Version::kHttp11) return {400, "missing Host"};
    if (absolute) head.headers.add(HeaderCode::kHost, head.host);
    return {};
  }
  std::string_view host = head.headers.get(HeaderCode::kHost);
  if (host.empty() || !isHostAndPort(host)) return {400, "invalid Host"};
  if (absolute) {
    head.headers.set(HeaderCode::kHost, head.host);
  } else {
    head.host = host;
  }
  return {};
}

constexpr std::array<bool, 256> kHostByte = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) {
    auto byte = static_cast<unsigned char>(c);
    table[c] = isAlpha(byte) || isDigit(byte) ||
               std::string_view("-._~!$&'()*+;=%").find(char(c)) != std::string_view::npos;
  }
  return table;
}();

bool isPort(std::string_view text) {  // after the colon; may be empty
  if (text.size() > 5) return false;
  uint32_t port = 0;
  for (char c : text) {
    if (!isDigit(static_cast<unsigned char>(c))) return false;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  return port <= 65535;
}

}  // namespace

HeadScanner::Status HeadScanner::scanRange(std::string_view range) {
  const char* p = range.data();
  const char* end = p + range.size();
  while (p < end) {
    const void* found = std::memchr(p, '\n', static_cast<size_t>(end - p));
    if (found == nullptr) break;
    const char* feed = static_cast<const char*>(found);
    char before = feed > range.data() ? feed[-1] : last_;
    size_t lineBytes = lineBytes_ + static_cast<size_t>(feed - p);
    scanned_ += static_cast<size_t>(feed + 1 - p);
    lineBytes_ = 0;
    ++lines_;
    p = feed + 1;
    if (before != '\r' || lineBytes == 0) return Status::kBad;
    if (lineBytes == 1) return Status::kDone;
  }
  scanned_ += static_cast<size_t>(end - p);
  lineBytes_ += static_cast<size_t>(end - p);
  if (!range.empty()) last_ = range.back();
  return Status::kMore;
}

HeadScanner::Status HeadScanner::scan(const buffer::Buffer& input) {
  Status status = Status::kMore;
  size_t skip = scanned_;
  input.forEach([&](std::string_view range) {
    if (status != Status::kMore) return;
    if (skip >= range.size()) {
      skip -= range.size();
      return;
    }
    std::string_view fresh = range.substr(skip);
    if (skip > 0) last_ = range[skip - 1];
    skip = 0;
    status = scanRange(fresh);
  });
  return status;
}

HeadError parseRequestHead(std::string_view bytes, const http::CodecLimits& limits,
                           http::RequestHead& head, MessageInfo& info) {
  const char* next = nullptr;
  bool absolute = false;
  if (HeadError error = parseRequestLine(bytes, limits, head, next, absolute)) return error;
  FieldFacts facts;
  HeadError error =
      parseFields(next, bytes.data() + bytes.size(), limits.maxHeaders,
                  [&](HeaderCode code, std::string_view name, std::string_view value) {
                    if (code != HeaderCode::kOther) noteField(code, value, facts);
                    head.headers.add(code, name, value);
                  });
  if (error) return error;
  if (HeadError bad = checkHost(facts, absolute, head)) return bad;
  if (HeadError bad = frame(facts, head.version, info)) return bad;
  dropRepeatedLength(facts, head.headers);
  if (head.headers.has(HeaderCode::kExpect) && head.version == http::Version::kHttp11) {
    if (!http::equalsIgnoreCase(head.headers.get(HeaderCode::kExpect), "100-continue")) {
      return {417, "unknown expectation"};
    }
    info.expectContinue = info.body != BodyKind::kNone;
  }
  info.upgrade = facts.upgradeToken && head.headers.has(HeaderCode::kUpgrade) &&
                 head.version == http::Version::kHttp11;
  return {};
}

HeadError parseResponseHead(std::string_view bytes, const http::CodecLimits& limits, bool toHead,
                            http::ResponseHead& head, MessageInfo& info) {
  const char* p = bytes.data();
  const char* end = p + bytes.size();
  const char* lineEnd = valueSpan(p, end);
  if (end - lineEnd < 2 || lineEnd[0] != '\r' || lineEnd[1] != '\n') {
    return {502, "invalid character in the status line"};
  }
  std::string_view line(p, static_cast<size_t>(lineEnd - p));
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
    return {502, "malformed status line"};
  }
  if (parseVersion(line.substr(0, 8), head.version)) return {502, "unsupported HTTP version"};
  head.status = 0;
  for (char c : line.substr(9, 3)) {
    if (!isDigit(static_cast<unsigned char>(c))) return {502, "malformed status"};
    head.status = head.status * 10 + (c - '0');
  }
  if (head.status < 100 || head.status > 999) return {502, "status out of range"};
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  FieldFacts facts;
  HeadError error =
      parseFields(lineEnd + 2, end, limits.maxHeaders,
                  [&](HeaderCode code, std::string_view name, std::string_view value) {
                    if (code != HeaderCode::kOther) noteField(code, value, facts);
                    head.headers.add(code, name, value);
                  });
  if (error || (error = frame(facts, head.version, info))) return {502, error.reason};
  dropRepeatedLength(facts, head.headers);
  info.upgrade = facts.upgradeToken && head.headers.has(HeaderCode::kUpgrade);
  if (toHead || head.status < 200 || head.status == 204 || head.status == 304) {
    info.body = BodyKind::kNone;
  } else if (info.body == BodyKind::kNone && facts.lengths == 0) {
    info.body = BodyKind::kUntilClose;
    info.keepAlive = false;
  }
  return {};
}

HeadError parseTrailers(std::string_view bytes, const http::CodecLimits& limits,
                        http::HeaderMap& trailers) {
  return parseFields(bytes.data(), bytes.data() + bytes.size(), limits.maxHeaders,
                     [&](HeaderCode code, std::string_view name, std::string_view value) {
                       switch (code) {
                         case HeaderCode::kHost:
                         case HeaderCode::kContentLength:
                         case HeaderCode::kTransferEncoding:
                         case HeaderCode::kConnection:
                         case HeaderCode::kKeepAlive:
                         case HeaderCode::kUpgrade:
                         case HeaderCode::kTe:
                         case HeaderCode::kTrailer:
                         case HeaderCode::kAuthorization:
                         case HeaderCode::kCookie:
                         case HeaderCode::kExpect:
                           return;
                         default:
                           trailers.add(code, name, value);
                       }
                     });
}

bool isToken(std::string_view text) {
  const char* end = text.data() + text.size();
  return !text.empty() && tokenSpan(text.data(), end) == end;
}

bool isFieldValue(std::string_view text) {
  const char* end = text.data() + text.size();
  return valueSpan(text.data(), end) == end;
}

bool isHostAndPort(std::string_view text) {
  size_t at = 0;
  if (!text.empty() && text[0] == '[') {
    size_t close = text.find(']');
    if (close == text.npos || close < 3) return false;
    for (char c : text.substr(1, close - 1)) {
      auto byte = static_cast<unsigned char>(c);
      if (!isHex(byte) && byte != ':' && byte != '.') return false;
    }
    at = close + 1;
  } else {
    while (at < text.size() && kHostByte[static_cast<unsigned char>(text[at])]) ++at;
    if (at == 0) return false;
  }
  if (at == text.size()) return true;
  return text[at] == ':' && isPort(text.substr(at + 1));
}

}  // namespace tollgate::http1
