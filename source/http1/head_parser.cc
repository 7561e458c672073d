#include "source/http1/head_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "source/base/decimal.h"
#include "source/http1/char_span.h"
#include "source/http1/field_line.h"

namespace tollgate::http1 {
namespace {

using http::bitOf;
using http::HeaderCode;

// ---- Character classes -------------------------------------------------------------------------

constexpr bool isAlpha(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
constexpr bool isDigit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool isHex(unsigned char c) {
  return isDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
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

constexpr uint64_t kNotedFields = bitOf(HeaderCode::kHost) | bitOf(HeaderCode::kTransferEncoding) |
                                  bitOf(HeaderCode::kContentLength) |
                                  bitOf(HeaderCode::kConnection);

/// Not inlined: few fields are noted, and the loop over all of them keeps its registers.
[[gnu::noinline]] void noteField(HeaderCode code, std::string_view value, FieldFacts& facts) {
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
      if (!parseDecimal(value, length) || facts.lengths > 0) {
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

/// Parses fields from `next` up to and with the empty line at the end; sets it behind that. Calls
/// `each(code, name, value, line)`; `line`: see http::Header. From `floor` on bytes may be read.
template <typename Each>
HeadError parseFields(const char* floor, const char*& next, const char* end, size_t maxFields,
                      Each&& each) {
  const char* p = next;
  for (size_t left = maxFields;; --left) {
    if (end - p < 2) return kCut;
    if (p[0] == '\r') {
      if (p[1] != '\n') return {400, "bare CR"};
      next = p + 2;
      return {};
    }
    FieldLine field;
    if (!takeUsualLine(floor, p, end, field)) {
      FieldLine other;  // so that `field` needs no memory
      if (HeadError error = takeLine(p, end, other)) return error;
      field = other;
    }
    if (left == 0) return {431, "too many fields"};
    each(http::codeOf(field.name), field.name, field.value, field.line);
    p = field.next;
  }
}

/// Adds the fields to `headers` and notes what they say about framing.
HeadError parseHeaders(const char* floor, const char*& p, const char* end,
                       const http::CodecLimits& limits, http::HeaderMap& headers,
                       FieldFacts& facts) {
  return parseFields(
      floor, p, end, limits.maxHeaders,
      [&](HeaderCode code, std::string_view name, std::string_view value, bool line) {
        if ((bitOf(code) & kNotedFields) != 0) noteField(code, value, facts);
        headers.addChecked(code, name, value, line);
      });
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
  const char* targetEnd = targetSpan(line, end);
  if (targetEnd != end && *targetEnd == '#') return {400, "fragment in request target"};
  if (targetEnd == end || *targetEnd != ' ') {
    return {400, "invalid character in the request line"};
  }
  head.target = {line, static_cast<size_t>(targetEnd - line)};
  constexpr std::string_view kUsual = " HTTP/1.1\r\n";
  if (static_cast<size_t>(end - targetEnd) >= kUsual.size() &&
      std::memcmp(targetEnd, kUsual.data(), kUsual.size()) == 0) {
    next = targetEnd + kUsual.size();
    head.version = http::Version::kHttp11;
    return checkTarget(limits, head, absolute);
  }
  const char* version = targetEnd + 1;
  const char* lineEnd = valueSpan(version, end);
  if (end - lineEnd < 2 || lineEnd[0] != '\r' || lineEnd[1] != '\n') {
    return {400, "invalid character in the request line"};
  }
  next = lineEnd + 2;
  std::string_view text(version, static_cast<size_t>(lineEnd - version));
  if (HeadError error = parseVersion(text, head.version)) return error;
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

constexpr ByteClass kHostByte{[] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) {
    auto byte = static_cast<unsigned char>(c);
    table[c] = isAlpha(byte) || isDigit(byte) ||
               std::string_view("-._~!$&'()*+;=%").find(char(c)) != std::string_view::npos;
  }
  return table;
}()};

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
  const char* begin = range.data();
  const char* end = begin + range.size();
  const char* line = begin;
  for (const char* p = begin; (p = lineFeed(p, end)) != end; ++p) {
    char before = p > begin ? p[-1] : last_;
    size_t lineBytes = lineBytes_ + static_cast<size_t>(p - line);
    scanned_ += static_cast<size_t>(p + 1 - line);
    lineBytes_ = 0;
    ++lines_;
    line = p + 1;
    if (before != '\r' || lineBytes == 0) return Status::kBad;
    if (lineBytes == 1) return Status::kDone;
  }
  scanned_ += static_cast<size_t>(end - line);
  lineBytes_ += static_cast<size_t>(end - line);
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
  const char* end = bytes.data() + bytes.size();
  if (HeadError error = parseHeaders(bytes.data(), next, end, limits, head.headers, facts)) {
    return {std::max(error.status, 400), error.reason};
  }
  info.headBytes = static_cast<size_t>(next - bytes.data());
  if (HeadError bad = checkHost(facts, absolute, head)) return bad;
  if (HeadError bad = frame(facts, head.version, info)) return bad;
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
  if (end - lineEnd < 2) return kCut;
  if (lineEnd[0] != '\r' || lineEnd[1] != '\n') {
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
  p = lineEnd + 2;
  HeadError error = parseHeaders(bytes.data(), p, end, limits, head.headers, facts);
  if (error.status == HeadError::kIncomplete) return error;
  if (error || (error = frame(facts, head.version, info))) return {502, error.reason};
  info.headBytes = static_cast<size_t>(p - bytes.data());
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
  const char* p = bytes.data();
  return parseFields(
      bytes.data(), p, p + bytes.size(), limits.maxHeaders,
      [&](HeaderCode code, std::string_view name, std::string_view value, bool line) {
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
            trailers.addChecked(code, name, value, line);
        }
      });
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
    at = kHostByte.span(text);
    if (at == 0) return false;
  }
  if (at == text.size()) return true;
  return text[at] == ':' && isPort(text.substr(at + 1));
}

}  // namespace tollgate::http1
