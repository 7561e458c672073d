#include "source/tls/client_hello.h"

#include <cstdint>
#include <utility>

namespace tollgate::tls {
namespace {

constexpr size_t kMaxBytes = 16 * 1024;
constexpr size_t kMaxRecord = 16 * 1024;
constexpr size_t kRecordHeader = 5;
constexpr size_t kMessageHeader = 4;
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHelloMessage = 1;
constexpr uint16_t kServerNameExtension = 0;
constexpr uint16_t kAlpnExtension = 16;

/// Takes fields off the front; every call fails rather than reads past the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  bool number(size_t width, size_t& value) {
    if (rest_.size() < width) return false;
    value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(width);
    return true;
  }
  bool take(size_t length, std::string_view& bytes) {
    if (rest_.size() < length) return false;
    bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  /// Bytes with a length of `width` bytes in front.
  bool vector(size_t width, std::string_view& bytes) {
    size_t length;
    return number(width, length) && take(length, bytes);
  }

 private:
  std::string_view rest_;
};

bool readAlpn(std::string_view extension, std::vector<std::string>& alpn) {
  Reader outer(extension);
  std::string_view list, name;
  if (!outer.vector(2, list) || !outer.empty() || list.empty()) return false;
  for (Reader names(list); !names.empty();) {
    if (!names.vector(1, name) || name.empty()) return false;
    alpn.emplace_back(name);
  }
  return true;
}

bool readServerName(std::string_view extension, std::string& serverName) {
  auto name = hostNameOf(extension);
  if (!name) return false;
  serverName.assign(*name);
  for (char& c : serverName) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return true;
}

bool readExtensions(std::string_view bytes, ClientHello& hello) {
  bool sawName = false, sawAlpn = false;
  for (Reader extensions(bytes); !extensions.empty();) {
    size_t type;
    std::string_view body;
    if (!extensions.number(2, type) || !extensions.vector(2, body)) return false;
    if (type == kServerNameExtension) {
      if (std::exchange(sawName, true) || !readServerName(body, hello.serverName)) return false;
    } else if (type == kAlpnExtension) {
      if (std::exchange(sawAlpn, true) || !readAlpn(body, hello.alpn)) return false;
    }
  }
  return true;
}

bool readBody(std::string_view body, ClientHello& hello) {
  Reader reader(body);
  std::string_view versionAndRandom, sessionId, suites, compression, extensions;
  if (!reader.take(2 + 32, versionAndRandom) || !reader.vector(1, sessionId) ||
      !reader.vector(2, suites) || !reader.vector(1, compression)) {
    return false;
  }
  if (versionAndRandom[0] != 3 || sessionId.size() > 32) return false;
  if (suites.empty() || suites.size() % 2 != 0 || compression.empty()) return false;
  if (reader.empty()) return true;  // TLS 1.2 without extensions
  return reader.vector(2, extensions) && reader.empty() && readExtensions(extensions, hello);
}

/// Collects the payload of the leading handshake records, until a whole message is there.
class Message {
 public:
  /// False: it can never become a ClientHello.
  bool add(std::string_view payload) {
    bytes_.append(payload);
    if (!bytes_.empty() && bytes_[0] != kClientHelloMessage) return false;
    if (bytes_.size() < kMessageHeader) return true;
    Reader reader(std::string_view(bytes_).substr(1));
    reader.number(3, length_);
    return length_ + kMessageHeader <= kMaxBytes;
  }
  bool complete() const {
    return bytes_.size() >= kMessageHeader && bytes_.size() - kMessageHeader >= length_;
  }
  std::string_view body() const { return std::string_view(bytes_).substr(kMessageHeader, length_); }

 private:
  std::string bytes_;
  size_t length_ = 0;
};

}  // namespace

std::optional<std::string_view> hostNameOf(std::string_view extension) {
  Reader outer(extension);
  std::string_view list, name;
  size_t type;
  if (!outer.vector(2, list) || !outer.empty()) return std::nullopt;
  Reader names(list);
  // One name of type host_name (0): other types were never defined.
  if (!names.number(1, type) || type != 0 || !names.vector(2, name) || !names.empty()) {
    return std::nullopt;
  }
  if (name.empty() || name.size() > 255) return std::nullopt;
  for (char c : name) {
    if (c <= ' ' || c >= 0x7f) return std::nullopt;
  }
  return name;
}

ClientHello parseClientHello(std::string_view bytes) {
  ClientHello hello;
  auto ended = [&hello](ClientHello::State state) -> ClientHello {
    if (state != ClientHello::kParsed) return {state, {}, {}};
    hello.state = state;
    return std::move(hello);
  };
  Message message;
  size_t at = 0;
  while (!message.complete()) {
    std::string_view record = bytes.substr(at);
    bool first = at == 0;
    if (!record.empty() && static_cast<uint8_t>(record[0]) != kHandshakeRecord) {
      return ended(first ? ClientHello::kNotTls : ClientHello::kMalformed);
    }
    if (record.size() > 1 && record[1] != 3) {
      return ended(first ? ClientHello::kNotTls : ClientHello::kMalformed);
    }
    if (record.size() < kRecordHeader) return ended(ClientHello::kNeedMore);
    size_t length;
    Reader(record.substr(3)).number(2, length);
    if (length == 0 || length > kMaxRecord || at + kRecordHeader > kMaxBytes) {
      return ended(ClientHello::kMalformed);
    }
    if (!message.add(record.substr(kRecordHeader, length))) return ended(ClientHello::kMalformed);
    if (!message.complete() && record.size() < kRecordHeader + length) {
      return ended(ClientHello::kNeedMore);
    }
    at += kRecordHeader + length;
  }
  return ended(readBody(message.body(), hello) ? ClientHello::kParsed : ClientHello::kMalformed);
}

}  // namespace tollgate::tls
