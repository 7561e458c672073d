#include "filters/http/correlation_id/generator.h"

#include <unistd.h>

#include <charconv>
#include <cstring>

#include "source/base/decimal.h"
#include "source/base/hex.h"
#include "source/crypto/secret.h"
#include "source/http/exchange.h"
#include "source/net/address.h"

namespace tollgate::filters::correlation_id {
namespace {

constexpr size_t kUuid = 36;

/// Random bytes of this thread, fetched for some ids at a time.
class RandomBytes {
 public:
  std::span<uint8_t, 16> take() {
    if (used_ == sizeof bytes_) {
      crypto::fillRandom(bytes_);
      used_ = 0;
    }
    used_ += 16;
    return std::span<uint8_t, 16>(bytes_ + used_ - 16, 16);
  }

 private:
  uint8_t bytes_[512];
  size_t used_ = sizeof bytes_;
};

/// A UUID of version 4 (RFC 9562 section 5.4).
void writeUuid(char* out) {
  static thread_local RandomBytes random;
  static constexpr char kDigits[] = "0123456789abcdef";
  const std::span<uint8_t, 16> bytes = random.take();
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kDigits[bytes[i] >> 4];
    *out++ = kDigits[bytes[i] & 15];
  }
}

class Uuid final : public Generator {
 public:
  std::string_view make(::tollgate::http::Exchange& exchange) const override {
    char* out = exchange.arena().chars(kUuid);
    writeUuid(out);
    return {out, kUuid};
  }
};

/// One UUID for each worker, and a number behind it.
class UuidAndCounter final : public Generator {
 public:
  std::string_view make(::tollgate::http::Exchange& exchange) const override {
    struct Series {
      Series() { writeUuid(uuid); }
      char uuid[kUuid];
      int64_t last = 0;
    };
    static thread_local Series series;
    return exchange.arena().concat(std::string_view(series.uuid, kUuid), "#",
                                   Decimal(++series.last).text());
  }
};

/// Where the request came in, over which connection, as which of its requests, and when.
class Tracker final : public Generator {
 public:
  std::string_view make(::tollgate::http::Exchange& exchange) const override {
    const http::ClientConnection over = exchange.clientConnection();
    char ip[46];
    const int64_t now = exchange.loop().unixMillis();
    const int64_t fraction = 1000 + now % 1000;  // which keeps the zeros in front
    return exchange.arena().concat(
        std::string_view(ip, over.local.formatIp(ip)), "-",
        Decimal(exchange.info().localPort).text(), "-", Decimal(getpid()).text(), "-",
        Decimal(static_cast<int64_t>(over.serial)).text(), "-", Decimal(over.requests).text(), "-",
        Decimal(now / 1000).text(), ".", Decimal(fraction).text().substr(1));
  }
};

}  // namespace

std::unique_ptr<const Generator> Generator::named(std::string_view name) {
  if (name == "uuid") return std::make_unique<Uuid>();
  if (name == "tracker") return std::make_unique<Tracker>();
  return std::make_unique<UuidAndCounter>();
}

}  // namespace tollgate::filters::correlation_id
