#include "source/crypto/aead.h"

#include <openssl/aead.h>

#include "source/crypto/boringssl.h"

namespace tollgate::crypto {
namespace {

const EVP_AEAD* evpOf(Cipher cipher) {
  switch (cipher) {
    case Cipher::kAes128Gcm:
      return EVP_aead_aes_128_gcm();
    case Cipher::kAes256Gcm:
      return EVP_aead_aes_256_gcm();
    case Cipher::kChaCha20Poly1305:
      return EVP_aead_chacha20_poly1305();
    case Cipher::kXChaCha20Poly1305:
      break;
  }
  return EVP_aead_xchacha20_poly1305();
}

std::span<const uint8_t> spanOf(std::string_view text) { return {bytesOf(text), text.size()}; }

}  // namespace

size_t Aead::keyBytes(Cipher cipher) { return EVP_AEAD_key_length(evpOf(cipher)); }
size_t Aead::nonceBytes(Cipher cipher) { return EVP_AEAD_nonce_length(evpOf(cipher)); }

void Aead::Free::operator()(evp_aead_ctx_st* context) const { EVP_AEAD_CTX_free(context); }

Result<Aead> Aead::make(Cipher cipher, std::string_view key) {
  ErrorQueueCleaner cleaner;
  if (key.size() != keyBytes(cipher)) {
    return Error::invalid("the key has " + std::to_string(key.size()) +
                          " bytes; the cipher needs " + std::to_string(keyBytes(cipher)));
  }
  Aead out;
  out.context_.reset(EVP_AEAD_CTX_new(evpOf(cipher), bytesOf(key), key.size(), kTagBytes));
  if (out.context_ == nullptr) return Error::internal("a cipher cannot be set up");
  return out;
}

bool Aead::seal(std::span<uint8_t> out, size_t& length, std::span<const uint8_t> nonce,
                std::span<const uint8_t> in, std::span<const uint8_t> additional) const {
  ErrorQueueCleaner cleaner;
  return context_ != nullptr &&
         nonce.size() == EVP_AEAD_nonce_length(EVP_AEAD_CTX_aead(context_.get())) &&
         EVP_AEAD_CTX_seal(context_.get(), out.data(), &length, out.size(), nonce.data(),
                           nonce.size(), in.data(), in.size(), additional.data(),
                           additional.size()) == 1;
}

bool Aead::open(std::span<uint8_t> out, size_t& length, std::span<const uint8_t> nonce,
                std::span<const uint8_t> in, std::span<const uint8_t> additional) const {
  ErrorQueueCleaner cleaner;
  return context_ != nullptr &&
         nonce.size() == EVP_AEAD_nonce_length(EVP_AEAD_CTX_aead(context_.get())) &&
         EVP_AEAD_CTX_open(context_.get(), out.data(), &length, out.size(), nonce.data(),
                           nonce.size(), in.data(), in.size(), additional.data(),
                           additional.size()) == 1;
}

Result<std::string> Aead::seal(std::string_view nonce, std::string_view plain,
                               std::string_view additional) const {
  std::string out(plain.size() + kTagBytes, '\0');
  size_t length = 0;
  if (!seal({bytesOf(out), out.size()}, length, spanOf(nonce), spanOf(plain), spanOf(additional))) {
    return Error::invalid("cannot be sealed: the key is missing or the nonce has a wrong length");
  }
  out.resize(length);
  return out;
}

Result<std::string> Aead::open(std::string_view nonce, std::string_view sealed,
                               std::string_view additional) const {
  std::string out(sealed.size(), '\0');
  size_t length = 0;
  if (!open({bytesOf(out), out.size()}, length, spanOf(nonce), spanOf(sealed),
            spanOf(additional))) {
    return Error::invalid("cannot be opened: it is damaged, or was sealed under another key");
  }
  out.resize(length);
  return out;
}

}  // namespace tollgate::crypto
