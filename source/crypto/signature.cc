// Signing and verifying: PublicKey::verify() and PrivateKey::sign().
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/rsa.h>

#include "source/crypto/boringssl.h"
#include "source/crypto/evp_hash.h"
#include "source/crypto/key_access.h"
#include "source/crypto/private_key.h"
#include "source/crypto/public_key.h"

namespace tollgate::crypto {
namespace {

bool isPss(SignatureScheme scheme) {
  return scheme == SignatureScheme::kRsaPssSha256 || scheme == SignatureScheme::kRsaPssSha384 ||
         scheme == SignatureScheme::kRsaPssSha512;
}

bool isEcdsa(SignatureScheme scheme) { return coordinateBytesOf(keyTypeOf(scheme)) != 0; }

constexpr int kSaltAsLongAsDigest = -1;

/// The parameters of `scheme` to the operation that `context` was set up for.
bool configure(EVP_PKEY_CTX* context, SignatureScheme scheme) {
  if (scheme == SignatureScheme::kEd25519 || isEcdsa(scheme)) return true;
  if (!isPss(scheme)) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kSaltAsLongAsDigest) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, evpOf(hashOf(scheme))) == 1;
}

const EVP_MD* digestOf(SignatureScheme scheme) {
  return scheme == SignatureScheme::kEd25519 ? nullptr : evpOf(hashOf(scheme));
}

/// r and s of an ECDSA signature, each in half of `raw`.
bssl::UniquePtr<ECDSA_SIG> numbersOf(std::string_view raw) {
  const size_t half = raw.size() / 2;
  bssl::UniquePtr<BIGNUM> r(BN_bin2bn(bytesOf(raw), half, nullptr));
  bssl::UniquePtr<BIGNUM> s(BN_bin2bn(bytesOf(raw) + half, half, nullptr));
  bssl::UniquePtr<ECDSA_SIG> out(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || out == nullptr ||
      !ECDSA_SIG_set0(out.get(), r.get(), s.get())) {
    return nullptr;
  }
  (void)r.release();
  (void)s.release();
  return out;
}

bool verifyEcdsa(EVP_PKEY* key, SignatureScheme scheme, std::string_view message,
                 std::string_view signature, EcdsaForm form) {
  const DigestBytes digested = digest(hashOf(scheme), message);
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  if (form == EcdsaForm::kDer) {
    return ECDSA_verify(0, digested.data(), digested.size(), bytesOf(signature), signature.size(),
                        ec) == 1;
  }
  if (signature.size() != 2 * coordinateBytesOf(keyTypeOf(scheme))) return false;
  const auto numbers = numbersOf(signature);
  return numbers != nullptr &&
         ECDSA_do_verify(digested.data(), digested.size(), numbers.get(), ec) == 1;
}

/// "" where it fails.
std::string signEcdsa(EVP_PKEY* key, SignatureScheme scheme, std::string_view message,
                      EcdsaForm form) {
  const DigestBytes digested = digest(hashOf(scheme), message);
  bssl::UniquePtr<ECDSA_SIG> numbers(
      ECDSA_do_sign(digested.data(), digested.size(), EVP_PKEY_get0_EC_KEY(key)));
  if (numbers == nullptr) return {};
  if (form == EcdsaForm::kDer) {
    uint8_t* bytes = nullptr;
    size_t size = 0;
    if (!ECDSA_SIG_to_bytes(&bytes, &size, numbers.get())) return {};
    bssl::UniquePtr<uint8_t> freeBytes(bytes);
    return {reinterpret_cast<const char*>(bytes), size};
  }
  const size_t half = coordinateBytesOf(keyTypeOf(scheme));
  std::string out(2 * half, '\0');
  if (!BN_bn2bin_padded(bytesOf(out), half, ECDSA_SIG_get0_r(numbers.get())) ||
      !BN_bn2bin_padded(bytesOf(out) + half, half, ECDSA_SIG_get0_s(numbers.get()))) {
    return {};
  }
  return out;
}

/// "" where it fails.
std::string signOther(EVP_PKEY* key, SignatureScheme scheme, std::string_view message) {
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* parameters = nullptr;
  size_t size = 0;
  if (!EVP_DigestSignInit(context.get(), &parameters, digestOf(scheme), nullptr, key) ||
      !configure(parameters, scheme) ||
      !EVP_DigestSign(context.get(), nullptr, &size, bytesOf(message), message.size())) {
    return {};
  }
  std::string out(size, '\0');
  if (!EVP_DigestSign(context.get(), bytesOf(out), &size, bytesOf(message), message.size())) {
    return {};
  }
  out.resize(size);
  return out;
}

}  // namespace

bool PublicKey::verify(SignatureScheme scheme, std::string_view message, std::string_view signature,
                       EcdsaForm form) const {
  ErrorQueueCleaner cleaner;
  EVP_PKEY* key = key_.get();
  if (!suits(scheme)) return false;
  if (isEcdsa(scheme)) return verifyEcdsa(key, scheme, message, signature, form);
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* parameters = nullptr;
  return EVP_DigestVerifyInit(context.get(), &parameters, digestOf(scheme), nullptr, key) == 1 &&
         configure(parameters, scheme) &&
         EVP_DigestVerify(context.get(), bytesOf(signature), signature.size(), bytesOf(message),
                          message.size()) == 1;
}

Result<std::string> PrivateKey::sign(SignatureScheme scheme, std::string_view message,
                                     EcdsaForm form) const {
  ErrorQueueCleaner cleaner;
  if (!suits(scheme)) return Error::invalid("the key is of another type than the signature's");
  std::string out = isEcdsa(scheme) ? signEcdsa(key_.get(), scheme, message, form)
                                    : signOther(key_.get(), scheme, message);
  if (out.empty()) return Error::internal("the key cannot sign");
  return out;
}

}  // namespace tollgate::crypto
