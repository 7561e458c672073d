#include "source/tls/certificate_facts.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "source/tls/boringssl.h"

namespace tollgate::tls {
namespace {

std::string hex(const uint8_t* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

const char* nameOf(const EVP_PKEY* key) {
  switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA";
    case EVP_PKEY_EC:
      return "EC";
    case EVP_PKEY_ED25519:
      return "Ed25519";
    default:
      return "other";
  }
}

}  // namespace

Result<CertificateFacts> certificateFacts(std::string_view pem) {
  auto chain = loadCertificates(pem);
  if (!chain) return std::move(chain).error();
  CRYPTO_BUFFER* der = chain->front().get();
  bssl::UniquePtr<X509> first(X509_parse_from_buffer(der));
  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(first.get()));
  CertificateFacts facts;
  facts.keyType = nameOf(key.get());
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(CRYPTO_BUFFER_data(der), CRYPTO_BUFFER_len(der), digest);
  facts.sha256 = hex(digest, sizeof digest);
  facts.authority = (X509_get_extension_flags(first.get()) & EXFLAG_CA) != 0;
  facts.expired = X509_cmp_current_time(X509_get0_notAfter(first.get())) < 0;
  facts.certificates = chain->size();
  ERR_clear_error();
  return facts;
}

Status checkPrivateKey(std::string_view pem) {
  auto key = loadPrivateKey(pem);
  return key ? Status() : Status(std::move(key).error());
}

Status checkServerKey(std::string_view pem) {
  auto key = loadPrivateKey(pem);
  if (!key) return std::move(key).error();
  auto kind = kindOf(key->get());
  return kind ? Status() : Status(std::move(kind).error());
}

Status checkPublicKey(std::string_view pem) {
  auto read = [&](auto* parse) {
    bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return parse(bio.get(), nullptr, nullptr, nullptr);
  };
  const bool tooLong = pem.size() > kMaxPemBytes;
  bssl::UniquePtr<EVP_PKEY> key(tooLong ? nullptr : read(&PEM_read_bio_PUBKEY));
  bssl::UniquePtr<RSA> rsa(tooLong || key ? nullptr : read(&PEM_read_bio_RSAPublicKey));
  ERR_clear_error();
  if (key || rsa) return {};
  return Error::invalid("no public key in PEM format found; expected a block \"PUBLIC KEY\"");
}

bool isKeyOf(std::string_view certificatePem, std::string_view keyPem) {
  auto chain = loadCertificates(certificatePem);
  auto key = loadPrivateKey(keyPem);
  return chain && key && matches(chain->front().get(), key->get());
}

}  // namespace tollgate::tls
