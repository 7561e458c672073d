#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tollgate {

/// 16 bytes as two words.
struct Hash128 {
  uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
};

/// SipHash with 128 bits of output (Aumasson and Bernstein): a hash that nobody can steer who does
/// not know the key, by so many rounds for each word and at each end. Inline, since it stands in
/// the way of each request with an API key.
template <int kWordRounds, int kEndRounds>
class SipHash {
 public:
  explicit SipHash(Hash128 key) : key_(key) {}

  Hash128 operator()(std::string_view text) const {
    State s{0x736f6d6570736575 ^ key_.low, 0x646f72616e646f6d ^ key_.high ^ 0xee,
            0x6c7967656e657261 ^ key_.low, 0x7465646279746573 ^ key_.high};
    const char* at = text.data();
    const char* end = at + (text.size() & ~size_t{7});
    for (; at != end; at += 8) s.absorb(word(at, 8));
    uint64_t last = static_cast<uint64_t>(text.size()) << 56;
    s.absorb(last | word(at, text.size() & 7));
    s.v2 ^= 0xee;
    for (int i = 0; i < kEndRounds; ++i) s.round();
    Hash128 out;
    out.low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    s.v1 ^= 0xdd;
    for (int i = 0; i < kEndRounds; ++i) s.round();
    out.high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return out;
  }

 private:
  struct State {
    uint64_t v0, v1, v2, v3;
    void round() {
      v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
      v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
      v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
    }
    void absorb(uint64_t word) {
      v3 ^= word;
      for (int i = 0; i < kWordRounds; ++i) round();
      v0 ^= word;
    }
  };

  /// Up to eight bytes, the first the lowest, whatever the machine's order.
  static uint64_t word(const char* bytes, size_t count) {
    uint64_t out = 0;
    if constexpr (std::endian::native == std::endian::little) {
      if (count == 8) {
        std::memcpy(&out, bytes, 8);
        return out;
      }
    }
    for (size_t i = 0; i < count; ++i) {
      out |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return out;
  }

  Hash128 key_;
};

using SipHash24 = SipHash<2, 4>;  ///< As published first.
/// Its authors' choice for hash tables, whose results nobody gets to see.
using SipHash13 = SipHash<1, 3>;

}  // namespace tollgate
