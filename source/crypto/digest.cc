#include "source/crypto/digest.h"

#include <openssl/md5.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "source/base/hex.h"
#include "source/crypto/boringssl.h"

namespace tollgate::crypto {
namespace {

/// What BoringSSL has for one hash.
template <typename Context, auto kInit, auto kUpdate, auto kFinal, size_t kBytes, size_t kBlock>
struct Algorithm {
  static constexpr size_t kDigestBytes = kBytes;
  static constexpr size_t kBlockBytes = kBlock;

  static void init(unsigned char* state) {
    static_assert(std::is_trivially_copyable_v<Context> && alignof(Context) <= 8);
    kInit(new (state) Context);
  }
  static void update(unsigned char* state, std::string_view part) {
    kUpdate(reinterpret_cast<Context*>(state), part.data(), part.size());
  }
  static void finish(unsigned char* state, uint8_t* out) {
    kFinal(out, reinterpret_cast<Context*>(state));
  }
  static constexpr size_t kStateBytes = sizeof(Context);
};

using Md5 = Algorithm<MD5_CTX, MD5_Init, MD5_Update, MD5_Final, 16, 64>;
using Sha1 = Algorithm<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, 20, 64>;
using Sha224 = Algorithm<SHA256_CTX, SHA224_Init, SHA224_Update, SHA224_Final, 28, 64>;
using Sha256Algorithm = Algorithm<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, 32, 64>;
using Sha384 = Algorithm<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final, 48, 128>;
using Sha512 = Algorithm<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, 64, 128>;

template <typename Do>
auto with(Hash hash, Do what) {
  switch (hash) {
    case Hash::kMd5:
      return what(Md5());
    case Hash::kSha1:
      return what(Sha1());
    case Hash::kSha224:
      return what(Sha224());
    case Hash::kSha384:
      return what(Sha384());
    case Hash::kSha512:
      return what(Sha512());
    case Hash::kSha256:
      break;
  }
  return what(Sha256Algorithm());
}

/// The state of a digest that has taken a key, padded to a block and changed by `pad`.
Digester keyed(Hash hash, std::string_view key, uint8_t pad) {
  uint8_t block[128];
  const size_t size = with(hash, [](auto a) { return a.kBlockBytes; });
  std::memset(block, pad, sizeof block);
  for (size_t i = 0; i < key.size(); ++i) block[i] ^= bytesOf(key)[i];
  Digester out(hash);
  out.update({reinterpret_cast<const char*>(block), size});
  OPENSSL_cleanse(block, sizeof block);
  return out;
}

/// A key longer than a block is its digest.
Digester keyedByAny(Hash hash, std::string_view key, uint8_t pad) {
  if (key.size() <= with(hash, [](auto a) { return a.kBlockBytes; })) return keyed(hash, key, pad);
  DigestBytes shorter = digest(hash, key);
  Digester out = keyed(hash, shorter.view(), pad);
  OPENSSL_cleanse(shorter.data(), shorter.size());
  return out;
}

Sha256 firstBytesOf(const DigestBytes& digest) {
  Sha256 out;
  std::copy_n(digest.data(), out.size(), out.begin());
  return out;
}

}  // namespace

std::string DigestBytes::hex() const { return toHex(view()); }

DigestBytes digest(Hash hash, std::string_view text) {
  return Digester(hash).update(text).finish();
}

Sha256 sha256(std::string_view text) {
  Sha256 out;
  SHA256(bytesOf(text), text.size(), out.data());
  return out;
}

Digester::Digester(Hash hash) : hash_(hash) {
  with(hash_, [&](auto a) {
    static_assert(a.kStateBytes <= sizeof(State));
    a.init(state_.bytes);
  });
}

Digester::~Digester() { OPENSSL_cleanse(state_.bytes, sizeof state_.bytes); }

Digester& Digester::update(std::string_view part) {
  with(hash_, [&](auto a) { a.update(state_.bytes, part); });
  return *this;
}

DigestBytes Digester::finish() {
  return with(hash_, [&](auto a) {
    DigestBytes out(a.kDigestBytes);
    a.finish(state_.bytes, out.data());
    return out;
  });
}

Hmac::Hmac(Hash hash, std::string_view key)
    : inner_(keyedByAny(hash, key, 0x36)), outer_(keyedByAny(hash, key, 0x5c)) {}

DigestBytes Hmac::operator()(std::string_view text) const {
  Digester inner = inner_;
  return end(inner.update(text));
}

DigestBytes Hmac::end(Digester parts) const {
  const DigestBytes inner = parts.finish();
  Digester outer = outer_;
  return outer.update(inner.view()).finish();
}

Sha256 HmacSha256::operator()(std::string_view text) const { return firstBytesOf(hmac_(text)); }

}  // namespace tollgate::crypto
