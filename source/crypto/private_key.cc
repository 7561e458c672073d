#include "source/crypto/private_key.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "source/crypto/key_access.h"
#include "source/crypto/pem.h"

namespace tollgate::crypto {
namespace {

constexpr int kGeneratedRsaBits = 2048;

bssl::UniquePtr<EVP_PKEY> generateRsa() {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> exponent(BN_new());
  if (key == nullptr || rsa == nullptr || exponent == nullptr ||
      !BN_set_word(exponent.get(), RSA_F4) ||
      !RSA_generate_key_ex(rsa.get(), kGeneratedRsaBits, exponent.get(), nullptr) ||
      !EVP_PKEY_set1_RSA(key.get(), rsa.get())) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> generateEc(KeyType curve) {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(nidOf(curve)));
  if (key == nullptr || ec == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> generateEd25519() {
  EVP_PKEY* key = nullptr;
  bssl::UniquePtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  if (context == nullptr || !EVP_PKEY_keygen_init(context.get()) ||
      !EVP_PKEY_keygen(context.get(), &key)) {
    return nullptr;
  }
  return bssl::UniquePtr<EVP_PKEY>(key);
}

}  // namespace

Result<PrivateKey> PrivateKey::fromPem(std::string_view pem) {
  ErrorQueueCleaner cleaner;
  if (pem.size() > kMaxPemBytes) return Error::invalid("the private key is longer than 1 MiB");
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(readBio(pem).get(), nullptr, noPassphrase, nullptr));
  if (key != nullptr) return PrivateKey(shared(std::move(key)));
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    return Error::invalid(
        "the private key is encrypted; store it without a passphrase (openssl pkey -in key.pem)");
  }
  return Error::invalid("no private key in PEM format found; expected a block \"PRIVATE KEY\"");
}

Result<PrivateKey> PrivateKey::fromDer(std::string_view der) {
  ErrorQueueCleaner cleaner;
  const Error none = Error::invalid("no private key in DER format; expected PKCS#8");
  if (der.size() > kMaxPemBytes) return none;
  const uint8_t* at = bytesOf(der);
  bssl::UniquePtr<EVP_PKEY> key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (key == nullptr || at != bytesOf(der) + der.size()) return none;
  return PrivateKey(shared(std::move(key)));
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  ErrorQueueCleaner cleaner;
  if (type == KeyType::kOther) return Error::invalid("keys of other types cannot be made");
  auto key = type == KeyType::kRsa       ? generateRsa()
             : type == KeyType::kEd25519 ? generateEd25519()
                                         : generateEc(type);
  if (key == nullptr) return Error::internal("a key cannot be made; is there memory left?");
  return PrivateKey(shared(std::move(key)));
}

KeyType PrivateKey::type() const { return typeOf(key_.get()); }
int PrivateKey::bits() const { return EVP_PKEY_bits(key_.get()); }
bool PrivateKey::suits(SignatureScheme scheme) const { return crypto::suits(key_.get(), scheme); }

PublicKey PrivateKey::publicKey() const {
  // By way of its encoding, so that what is handed on holds no secret.
  auto out = PublicKey::fromDer(PublicKey(key_).der());
  return out ? std::move(out).value() : PublicKey(key_);
}

Result<Secret> PrivateKey::pem() const {
  ErrorQueueCleaner cleaner;
  bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (out == nullptr ||
      !PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) ||
      !BIO_mem_contents(out.get(), &bytes, &size)) {
    return Error::internal("a private key cannot be written");
  }
  return Secret(std::string(reinterpret_cast<const char*>(bytes), size));
}

}  // namespace tollgate::crypto
