#include "source/net/srv_record.h"

#include <ares.h>

#include <cctype>
#include <string_view>

namespace tollgate::net {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint16_t kTypeSrv = 33;
constexpr uint16_t kClassInternet = 1;
constexpr size_t kLongestName = 253;

/// Walks a message; every step says whether there were enough bytes.
class Reader {
 public:
  Reader(const uint8_t* message, size_t size) : message_(message), size_(size) {}

  bool skip(size_t bytes) {
    if (size_ - at_ < bytes) return false;
    at_ += bytes;
    return true;
  }
  bool u16(uint16_t& out) {
    if (size_ - at_ < 2) return false;
    out = static_cast<uint16_t>(message_[at_] << 8 | message_[at_ + 1]);
    at_ += 2;
    return true;
  }
  bool u32(uint32_t& out) {
    uint16_t high = 0, low = 0;
    if (!u16(high) || !u16(low)) return false;
    out = static_cast<uint32_t>(high) << 16 | low;
    return true;
  }
  /// A name, compressed or not; `out` may be null.
  bool name(std::string* out) {
    if (at_ >= size_) return false;
    char* text = nullptr;
    long used = 0;
    if (ares_expand_name(message_ + at_, message_, static_cast<int>(size_), &text, &used) !=
        ARES_SUCCESS) {
      return false;
    }
    if (out != nullptr) *out = text;
    ares_free_string(text);
    return skip(static_cast<size_t>(used));
  }
  size_t at() const { return at_; }
  void seek(size_t at) { at_ = at; }

 private:
  const uint8_t* message_;
  size_t size_;
  size_t at_ = 0;
};

/// Whether a name can be asked for as that of a host. The root says that the service is not there
/// (RFC 2782), and names of odd bytes belong to no host.
bool isHostName(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  bool begins = true;
  for (const char c : name) {
    if (begins ? !fits(static_cast<unsigned char>(c))
               : !fits(static_cast<unsigned char>(c)) && c != '.') {
      return false;
    }
    begins = c == '.';
  }
  return !begins && name.size() <= kLongestName;
}

/// One resource record; false where the message ends too early.
bool readRecord(Reader& in, size_t size, std::vector<SrvRecord>& out) {
  SrvRecord record;
  uint16_t type = 0, dnsClass = 0, length = 0;
  if (!in.name(nullptr) || !in.u16(type) || !in.u16(dnsClass) || !in.u32(record.ttl) ||
      !in.u16(length) || size - in.at() < length) {
    return false;
  }
  size_t end = in.at() + length;
  if (type == kTypeSrv && dnsClass == kClassInternet) {
    if (!in.u16(record.priority) || !in.u16(record.weight) || !in.u16(record.port) ||
        !in.name(&record.target) || in.at() > end) {
      return false;
    }
    if (isHostName(record.target)) out.push_back(std::move(record));
  }
  in.seek(end);
  return true;
}

}  // namespace

std::vector<SrvRecord> parseSrvRecords(const uint8_t* message, size_t size) {
  Reader in(message, size);
  uint16_t questions = 0, answers = 0;
  if (size < kHeaderBytes || !in.skip(4) || !in.u16(questions) || !in.u16(answers)) return {};
  in.seek(kHeaderBytes);
  for (uint16_t i = 0; i < questions; ++i) {
    if (!in.name(nullptr) || !in.skip(4)) return {};
  }
  std::vector<SrvRecord> out;
  for (uint16_t i = 0; i < answers; ++i) {
    if (!readRecord(in, size, out)) return {};
  }
  return out;
}

}  // namespace tollgate::net
