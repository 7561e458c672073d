#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "source/base/siphash.h"

namespace tollgate {

/// A keyed hash for texts of up to kMost bytes, such as API keys: NH (Black, Halevi, Krawczyk,
/// Krovetz and Rogaway, "UMAC", CRYPTO '99) plus the length. Of two texts that are picked without
/// knowing the key or any hash, the chance to be equal in all 128 bits is at most 2^-64; single
/// bits are not as good as random, so tables want bucket(). Longer texts get a SipHash. A few
/// instructions for each 16 bytes: it stands in the way of each request with an API key.
class ShortHash {
 public:
  static constexpr size_t kMost = 128;
  static constexpr size_t kKeyWords = kMost / sizeof(uint64_t);
  using Key = std::array<uint64_t, kKeyWords>;

  explicit ShortHash(const Key& key) : key_(key) {}

  [[gnu::always_inline]] Hash128 operator()(std::string_view text) const {
    const size_t size = text.size();
    if (size > kMost) return ofLong(text);
    const char* at = text.data();
    const uint64_t* key = key_.data();
    Wide sum = size;
    if (size >= 16) {
      const char* last = at + size - 16;
      for (; at < last; at += 16, key += 2) sum += product(word(at), word(at + 8), key);
      sum += product(word(last), word(last + 8), key);  // may overlap the block before it
    } else if (size >= 8) {
      sum += product(word(at), word(at + size - 8), key);
    } else {
      sum += product(shortWord(at, size), 0, key);
    }
    return {static_cast<uint64_t>(sum), static_cast<uint64_t>(sum >> 64)};
  }

  /// 64 bits of a hash, all of which depend on all of it.
  static uint64_t bucket(Hash128 hash) {
    const Wide spread = Wide{hash.low ^ (hash.high << 32 | hash.high >> 32)} * 0x9e3779b97f4a7c15;
    return static_cast<uint64_t>(spread) ^ static_cast<uint64_t>(spread >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  static Wide product(uint64_t a, uint64_t b, const uint64_t* key) {
    return Wide{a + key[0]} * (b + key[1]);
  }
  static uint64_t word(const char* bytes) {
    uint64_t out;
    std::memcpy(&out, bytes, sizeof out);
    return out;
  }
  /// Fewer than eight bytes, each at a place of its own.
  static uint64_t shortWord(const char* bytes, size_t size) {
    uint64_t out = 0;
    for (size_t i = 0; i < size; ++i) out = out << 8 | static_cast<unsigned char>(bytes[i]);
    return out;
  }
  Hash128 ofLong(std::string_view text) const { return SipHash13({key_[0], key_[1]})(text); }

  Key key_;
};

}  // namespace tollgate
