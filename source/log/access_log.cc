#include "source/log/access_log.h"

#include <charconv>
#include <cstring>

#include "source/base/utf8.h"

namespace tollgate::log {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

/// Most output bytes of a field that clients fill. In sum they stay below Line::kCapacity, so that
/// a line is always whole, whatever its fields hold.
constexpr size_t kOwnLimit = 64;  // of a field that we fill
constexpr size_t kMethodLimit = 128;
constexpr size_t kTargetLimit = 8 * 1024;
constexpr size_t kRefererLimit = 2 * 1024;
constexpr size_t kUserAgentLimit = 2 * 1024;
constexpr std::string_view kCut = "...";  // ends a field that is cut

/// A line being made, in room of its own.
class Line {
 public:
  /// Text of a bounded length.
  void text(std::string_view bytes) {
    size_t count = std::min(bytes.size(), kCapacity - size_);
    std::memcpy(bytes_ + size_, bytes.data(), count);
    size_ += count;
  }
  void number(int64_t value) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text({digits, static_cast<size_t>(end - digits)});
  }
  /// Bytes from outside: what could end the field or the line is escaped. The output is cut at
  /// `limit`, never within a character or an escape.
  void escaped(std::string_view bytes, bool json, size_t limit) {
    const size_t end = size_ + limit - kCut.size();
    for (size_t i = 0; i < bytes.size();) {
      if (end - size_ < kLongestCharacter) return text(kCut);
      i += escapeOne(bytes.substr(i), json);
    }
  }
  std::string_view finish() {
    text("\n");
    return {bytes_, size_};
  }

 private:
  static constexpr size_t kCapacity = 14 * 1024;
  static constexpr size_t kLongestCharacter = 6;
  static_assert(kMethodLimit + kTargetLimit + kRefererLimit + kUserAgentLimit + 1024 <= kCapacity);

  /// Returns how many of `bytes` it has written.
  size_t escapeOne(std::string_view bytes, bool json) {
    const char c = bytes.front();
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      bytes_[size_++] = c;
      return 1;
    }
    if (json && byte >= 0x80) {
      if (size_t length = utf8Length(bytes)) {
        text(bytes.substr(0, length));
        return length;
      }
    }
    // JSON has no escape for a byte that is no text: there it is the other format's, as text.
    text(!json ? "\\x" : byte < 0x80 ? "\\u00" : "\\\\x");
    const char digits[2] = {kHex[byte >> 4], kHex[byte & 15]};
    text({digits, 2});
    return 1;
  }

  char bytes_[kCapacity];
  size_t size_ = 0;
};

std::string_view versionText(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2.0";
  }
  return "";
}

std::string_view orDash(std::string_view text) { return text.empty() ? "-" : text; }

void combined(Line& line, const http::AccessRecord& record, std::string_view time) {
  line.text(orDash(record.clientIp));
  line.text(" - - [");
  line.text(time);
  line.text("] \"");
  if (!record.method.empty()) {
    line.escaped(record.method, false, kMethodLimit);
    line.text(" ");
    line.escaped(record.target, false, kTargetLimit);
    line.text(" ");
    line.text(versionText(record.version));
  }
  line.text("\" ");
  line.number(record.status);
  line.text(" ");
  line.number(static_cast<int64_t>(record.bodyBytes));
  line.text(" \"");
  line.escaped(orDash(record.referer), false, kRefererLimit);
  line.text("\" \"");
  line.escaped(orDash(record.userAgent), false, kUserAgentLimit);
  line.text("\" kong_request_id: \"");
  line.text(record.requestId);
  line.text("\"");
}

void json(Line& line, const http::AccessRecord& record, std::string_view time) {
  auto field = [&](std::string_view name, std::string_view value, size_t limit) {
    line.text(name);
    line.escaped(value, true, limit);
    line.text("\"");
  };
  field("{\"time\":\"", time, kOwnLimit);
  field(",\"client_ip\":\"", record.clientIp, kOwnLimit);
  field(",\"method\":\"", record.method, kMethodLimit);
  field(",\"target\":\"", record.target, kTargetLimit);
  field(",\"protocol\":\"", versionText(record.version), kOwnLimit);
  line.text(",\"status\":");
  line.number(record.status);
  line.text(",\"bytes\":");
  line.number(static_cast<int64_t>(record.bodyBytes));
  field(",\"referer\":\"", record.referer, kRefererLimit);
  field(",\"user_agent\":\"", record.userAgent, kUserAgentLimit);
  field(",\"request_id\":\"", record.requestId, kOwnLimit);
  if (record.failure != http::FailureCause::kNone) {
    field(",\"failure\":\"", http::nameOf(record.failure), kOwnLimit);
  }
  line.text("}");
}

}  // namespace

void AccessLog::write(const http::AccessRecord& record) {
  Line line;
  std::string_view time = timestamp(record.unixMillis);
  format_ == Format::kJson ? json(line, record, time) : combined(line, record, time);
  ring_.push(line.finish());
  writer_.wake();
}

/// Formatted once a second.
std::string_view AccessLog::timestamp(int64_t unixMillis) {
  time_t second = static_cast<time_t>(unixMillis / 1000);
  if (second != second_) {
    second_ = second;
    tm parts{};
    localtime_r(&second, &parts);
    const char* format = format_ == Format::kJson ? "%Y-%m-%dT%H:%M:%S%z" : "%d/%b/%Y:%H:%M:%S %z";
    timeSize_ = std::strftime(time_, sizeof time_, format, &parts);
  }
  return {time_, timeSize_};
}

}  // namespace tollgate::log
