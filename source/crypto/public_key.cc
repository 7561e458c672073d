#include "source/crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "source/crypto/base64.h"
#include "source/crypto/key_access.h"
#include "source/crypto/pem.h"

namespace tollgate::crypto {
namespace {

constexpr size_t kEd25519Bytes = 32;
constexpr size_t kMostExponentBytes = 8;

Error noPublicKey() {
  return Error::invalid("no public key in PEM format found; expected a block \"PUBLIC KEY\"");
}

bssl::UniquePtr<BIGNUM> numberOf(std::string_view bytes) {
  return bssl::UniquePtr<BIGNUM>(BN_bin2bn(bytesOf(bytes), bytes.size(), nullptr));
}

std::string_view withoutLeadingZeros(std::string_view bytes) {
  while (bytes.starts_with('\0')) bytes.remove_prefix(1);
  return bytes;
}

/// Decodes one number of a JWK and names it in the error.
Status readNumber(const char* name, std::string_view text, std::string& out) {
  if (text.empty()) return Error::invalid("is missing", name);
  auto bytes = decodeBase64(text, Base64::kUrl);
  if (!bytes) return Error::invalid("is no base64url", name);
  out = std::move(bytes).value();
  return {};
}

Result<KeyType> curveOf(std::string_view crv) {
  if (crv == "P-256") return KeyType::kEcP256;
  if (crv == "P-384") return KeyType::kEcP384;
  if (crv == "P-521") return KeyType::kEcP521;
  return Error::invalid("is no curve that is supported; use P-256, P-384 or P-521", "crv");
}

}  // namespace

Result<PublicKey> PublicKey::fromPem(std::string_view pem) {
  ErrorQueueCleaner cleaner;
  if (pem.size() > kMaxPemBytes) return Error::invalid("the public key is longer than 1 MiB");
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PUBKEY(readBio(pem).get(), nullptr, noPassphrase, nullptr));
  if (key == nullptr) {
    bssl::UniquePtr<RSA> rsa(
        PEM_read_bio_RSAPublicKey(readBio(pem).get(), nullptr, noPassphrase, nullptr));
    key.reset(EVP_PKEY_new());
    if (rsa == nullptr || key == nullptr || !EVP_PKEY_set1_RSA(key.get(), rsa.get())) {
      return noPublicKey();
    }
  }
  return PublicKey(shared(std::move(key)));
}

Result<PublicKey> PublicKey::fromDer(std::string_view der) {
  ErrorQueueCleaner cleaner;
  CBS bytes;
  CBS_init(&bytes, bytesOf(der), der.size());
  bssl::UniquePtr<EVP_PKEY> key(EVP_parse_public_key(&bytes));
  if (key == nullptr || CBS_len(&bytes) != 0) {
    return Error::invalid("no public key in DER format; expected a SubjectPublicKeyInfo");
  }
  return PublicKey(shared(std::move(key)));
}

Result<PublicKey> PublicKey::fromRsaNumbers(std::string_view n, std::string_view e) {
  ErrorQueueCleaner cleaner;
  n = withoutLeadingZeros(n);
  e = withoutLeadingZeros(e);
  if (n.size() > kMostRsaBits / 8 || e.size() > kMostExponentBytes) {
    return Error::invalid("the RSA key is too long; it may have " + std::to_string(kMostRsaBits) +
                          " bits");
  }
  // A product of two primes is odd; BoringSSL would find out when it verifies.
  if (n.empty() || (n.back() & 1) == 0) return Error::invalid("the numbers make no RSA key");
  auto modulus = numberOf(n), exponent = numberOf(e);
  bssl::UniquePtr<RSA> rsa(RSA_new());
  if (modulus == nullptr || exponent == nullptr || rsa == nullptr ||
      !RSA_set0_key(rsa.get(), modulus.get(), exponent.get(), nullptr)) {
    return Error::internal("an RSA key cannot be set up");
  }
  (void)modulus.release();
  (void)exponent.release();
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (key == nullptr || !RSA_check_key(rsa.get()) || !EVP_PKEY_set1_RSA(key.get(), rsa.get())) {
    return Error::invalid("the numbers make no RSA key");
  }
  PublicKey out(shared(std::move(key)));
  if (out.bits() < kLeastRsaBits) {
    return Error::invalid("the RSA key has " + std::to_string(out.bits()) + " bits; use " +
                          std::to_string(kLeastRsaBits) + " to " + std::to_string(kMostRsaBits));
  }
  return out;
}

Result<PublicKey> PublicKey::fromEcPoint(KeyType curve, std::string_view x, std::string_view y) {
  ErrorQueueCleaner cleaner;
  const size_t size = coordinateBytesOf(curve);
  if (size == 0) return Error::invalid("is no elliptic curve", "crv");
  if (x.size() != size || y.size() != size) {
    return Error::invalid("a coordinate has another length than the curve's " +
                          std::to_string(size) + " bytes");
  }
  auto first = numberOf(x), second = numberOf(y);
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(nidOf(curve)));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (first == nullptr || second == nullptr || ec == nullptr || key == nullptr) {
    return Error::internal("a key cannot be set up");
  }
  if (!EC_KEY_set_public_key_affine_coordinates(ec.get(), first.get(), second.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return Error::invalid("the point is not on the curve");
  }
  return PublicKey(shared(std::move(key)));
}

Result<PublicKey> PublicKey::fromEd25519(std::string_view bytes) {
  ErrorQueueCleaner cleaner;
  if (bytes.size() != kEd25519Bytes) return Error::invalid("an Ed25519 key has 32 bytes");
  bssl::UniquePtr<EVP_PKEY> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytesOf(bytes), bytes.size()));
  if (key == nullptr) return Error::internal("a key cannot be set up");
  return PublicKey(shared(std::move(key)));
}

Result<PublicKey> PublicKey::fromJwk(const JwkMembers& members) {
  std::string first, second;
  if (members.kty == "RSA") {
    if (Status read = readNumber("n", members.n, first); !read) return std::move(read).error();
    if (Status read = readNumber("e", members.e, second); !read) return std::move(read).error();
    return fromRsaNumbers(first, second);
  }
  if (members.kty == "EC") {
    auto curve = curveOf(members.crv);
    if (!curve) return std::move(curve).error();
    if (Status read = readNumber("x", members.x, first); !read) return std::move(read).error();
    if (Status read = readNumber("y", members.y, second); !read) return std::move(read).error();
    return fromEcPoint(*curve, first, second);
  }
  if (members.kty == "OKP") {
    if (members.crv != "Ed25519") {
      return Error::invalid("is no curve that is supported; use Ed25519", "crv");
    }
    if (Status read = readNumber("x", members.x, first); !read) return std::move(read).error();
    return fromEd25519(first);
  }
  return Error::invalid("is no type of public key that is supported; use RSA, EC or OKP", "kty");
}

KeyType PublicKey::type() const { return typeOf(key_.get()); }
int PublicKey::bits() const { return EVP_PKEY_bits(key_.get()); }
bool PublicKey::suits(SignatureScheme scheme) const { return crypto::suits(key_.get(), scheme); }

std::string PublicKey::der() const {
  ErrorQueueCleaner cleaner;
  bssl::ScopedCBB out;
  uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!CBB_init(out.get(), 0) || !EVP_marshal_public_key(out.get(), key_.get()) ||
      !CBB_finish(out.get(), &bytes, &size)) {
    return {};
  }
  bssl::UniquePtr<uint8_t> freeBytes(bytes);
  return {reinterpret_cast<const char*>(bytes), size};
}

bool PublicKey::operator==(const PublicKey& other) const {
  ErrorQueueCleaner cleaner;
  return EVP_PKEY_cmp(key_.get(), other.key_.get()) == 1;
}

}  // namespace tollgate::crypto
