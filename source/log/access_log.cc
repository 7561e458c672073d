#include "source/log/access_log.h"

#include <charconv>
#include <cstring>

namespace tollgate::log {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

/// A line being made: cuts off at its capacity instead of growing.
class Line {
 public:
  void text(std::string_view bytes) {
    size_t count = std::min(bytes.size(), room());
    std::memcpy(bytes_ + size_, bytes.data(), count);
    size_ += count;
  }
  void number(int64_t value) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text({digits, static_cast<size_t>(end - digits)});
  }
  /// Bytes from outside: what could end the field or the line is written as an escape of four
  /// characters (`json`: of six).
  void escaped(std::string_view bytes, bool json) {
    for (char c : bytes) {
      auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
        if (room() > 0) bytes_[size_++] = c;
      } else {
        text(json ? "\\u00" : "\\x");
        const char digits[2] = {kHex[byte >> 4], kHex[byte & 15]};
        text({digits, 2});
      }
      if (room() == 0) return;
    }
  }
  std::string_view finish() {
    bytes_[size_++] = '\n';
    return {bytes_, size_};
  }

 private:
  static constexpr size_t kCapacity = 12 * 1024;
  size_t room() const { return kCapacity - 1 - size_; }
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
    line.escaped(record.method, false);
    line.text(" ");
    line.escaped(record.target, false);
    line.text(" ");
    line.text(versionText(record.version));
  }
  line.text("\" ");
  line.number(record.status);
  line.text(" ");
  line.number(static_cast<int64_t>(record.bodyBytes));
  line.text(" \"");
  line.escaped(orDash(record.referer), false);
  line.text("\" \"");
  line.escaped(orDash(record.userAgent), false);
  line.text("\" kong_request_id: \"");
  line.text(record.requestId);
  line.text("\"");
}

void json(Line& line, const http::AccessRecord& record, std::string_view time) {
  auto field = [&](std::string_view name, std::string_view value) {
    line.text(name);
    line.escaped(value, true);
    line.text("\"");
  };
  field("{\"time\":\"", time);
  field(",\"client_ip\":\"", record.clientIp);
  field(",\"method\":\"", record.method);
  field(",\"target\":\"", record.target);
  field(",\"protocol\":\"", versionText(record.version));
  line.text(",\"status\":");
  line.number(record.status);
  line.text(",\"bytes\":");
  line.number(static_cast<int64_t>(record.bodyBytes));
  field(",\"referer\":\"", record.referer);
  field(",\"user_agent\":\"", record.userAgent);
  field(",\"request_id\":\"", record.requestId);
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
