#include "source/base/digest.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace tollgate {
namespace {

/// The message in blocks of 64 bytes, padded with a one, zeros and its length in bits.
template <typename Block>
void forEachBlock(std::string_view data, bool bigEndianLength, Block block) {
  size_t at = 0;
  for (; data.size() - at >= 64; at += 64) block(reinterpret_cast<const uint8_t*>(&data[at]));
  uint8_t last[128] = {};
  size_t left = data.size() - at;
  if (left > 0) std::memcpy(last, &data[at], left);
  last[left] = 0x80;
  size_t size = left < 56 ? 64 : 128;
  uint64_t bits = static_cast<uint64_t>(data.size()) * 8;
  for (size_t i = 0; i < 8; ++i) {
    size_t place = bigEndianLength ? size - 1 - i : size - 8 + i;
    last[place] = static_cast<uint8_t>(bits >> (8 * i));
  }
  for (size_t i = 0; i < size; i += 64) block(last + i);
}

struct Md5 {
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

  static const std::array<uint32_t, 64>& sines() {
    static const std::array<uint32_t, 64> table = [] {
      std::array<uint32_t, 64> out{};
      for (size_t i = 0; i < 64; ++i) {
        out[i] = static_cast<uint32_t>(std::floor(std::abs(std::sin(i + 1.0)) * 4294967296.0));
      }
      return out;
    }();
    return table;
  }

  void block(const uint8_t* bytes) {
    static constexpr int kShifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t words[16];
    for (size_t i = 0; i < 16; ++i) {
      words[i] = bytes[4 * i] | bytes[4 * i + 1] << 8 | bytes[4 * i + 2] << 16 |
                 static_cast<uint32_t>(bytes[4 * i + 3]) << 24;
    }
    auto [a, b, c, d] = state;
    for (uint32_t i = 0; i < 64; ++i) {
      uint32_t mixed = 0, word = 0;
      switch (i / 16) {
        case 0:
          mixed = (b & c) | (~b & d), word = i;
          break;
        case 1:
          mixed = (d & b) | (~d & c), word = (5 * i + 1) % 16;
          break;
        case 2:
          mixed = b ^ c ^ d, word = (3 * i + 5) % 16;
          break;
        default:
          mixed = c ^ (b | ~d), word = (7 * i) % 16;
      }
      uint32_t sum = a + mixed + sines()[i] + words[word];
      a = d, d = c, c = b;
      b += std::rotl(sum, kShifts[i / 16][i % 4]);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  }
};

struct Sha1 {
  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

  void block(const uint8_t* bytes) {
    uint32_t words[80];
    for (size_t i = 0; i < 16; ++i) {
      words[i] = static_cast<uint32_t>(bytes[4 * i]) << 24 | bytes[4 * i + 1] << 16 |
                 bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    }
    for (size_t i = 16; i < 80; ++i) {
      words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (size_t i = 0; i < 80; ++i) {
      uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                       : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                       : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                : (b ^ c ^ d) + 0xca62c1d6;
      uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
      e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
  }
};

}  // namespace

std::string md5Hex(std::string_view data) {
  Md5 md5;
  forEachBlock(data, false, [&](const uint8_t* bytes) { md5.block(bytes); });
  std::string out;
  for (uint32_t word : md5.state) {
    for (int byte = 0; byte < 4; ++byte) {
      out += "0123456789abcdef"[(word >> (8 * byte + 4)) & 15];
      out += "0123456789abcdef"[(word >> (8 * byte)) & 15];
    }
  }
  return out;
}

std::array<uint8_t, 20> sha1(std::string_view data) {
  Sha1 sha;
  forEachBlock(data, true, [&](const uint8_t* bytes) { sha.block(bytes); });
  std::array<uint8_t, 20> out{};
  for (size_t i = 0; i < 20; ++i) {
    out[i] = static_cast<uint8_t>(sha.state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return out;
}

}  // namespace tollgate
