#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Digests, whole and in parts, and HMAC. Nothing here allocates but hex(). Values; any thread.
namespace tollgate::crypto {

enum class Hash : uint8_t {
  kMd5,   ///< RFC 1321. Names content; proves nothing.
  kSha1,  ///< Only where another program demands it.
  kSha224,
  kSha256,
  kSha384,
  kSha512,
};

using Sha256 = std::array<uint8_t, 32>;

/// The bytes of a digest of any kind.
class DigestBytes {
 public:
  explicit DigestBytes(size_t size) : size_(size) {}

  size_t size() const { return size_; }
  uint8_t* data() { return bytes_.data(); }
  const uint8_t* data() const { return bytes_.data(); }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }
  std::string hex() const;

 private:
  std::array<uint8_t, 64> bytes_;
  size_t size_;
};

DigestBytes digest(Hash hash, std::string_view text);
Sha256 sha256(std::string_view text);

/// A digest of a text that comes in parts. Its state is wiped when it goes.
class Digester {
 public:
  explicit Digester(Hash hash);
  Digester(const Digester&) = default;
  Digester& operator=(const Digester&) = default;
  ~Digester();

  Digester& update(std::string_view part);
  /// Ends the text: neither update() nor finish() may follow.
  DigestBytes finish();

 private:
  /// Room for BoringSSL's states; their types are known to this folder only.
  struct State {
    alignas(8) unsigned char bytes[216];
  };
  State state_;
  Hash hash_;
};

/// HMAC (RFC 2104) with one key, whose two blocks are digested once and for all.
class Hmac {
 public:
  Hmac(Hash hash, std::string_view key);

  DigestBytes operator()(std::string_view text) const;

  /// Of a text that comes in parts: give them to begin(), and what that has become to end().
  Digester begin() const { return inner_; }
  DigestBytes end(Digester parts) const;

 private:
  Digester inner_, outer_;
};

inline DigestBytes hmac(Hash hash, std::string_view key, std::string_view text) {
  return Hmac(hash, key)(text);
}

/// With a result whose size is known when compiling.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key) : hmac_(Hash::kSha256, key) {}
  Sha256 operator()(std::string_view text) const;

 private:
  Hmac hmac_;
};

}  // namespace tollgate::crypto
