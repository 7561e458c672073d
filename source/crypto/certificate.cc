#include "source/crypto/certificate.h"

#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "source/base/hex.h"
#include "source/crypto/digest.h"
#include "source/crypto/pem.h"

namespace tollgate::crypto {
namespace {

constexpr int kLeastServerRsaBits = 2048, kMostServerRsaBits = 8192;

bool isCertificateBlock(const char* name) {
  return std::strcmp(name, PEM_STRING_X509) == 0 || std::strcmp(name, PEM_STRING_X509_OLD) == 0;
}

/// A name as RFC 2253 writes it, in UTF-8.
std::string textOf(X509_NAME* name) {
  bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr) return "";
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!BIO_mem_contents(out.get(), &bytes, &size)) return "";
  return {reinterpret_cast<const char*>(bytes), size};
}

/// "" unless there is exactly one: of several none can be told to be the name.
std::string commonNameOf(X509_NAME* name) {
  int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return "";
  ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  uint8_t* text = nullptr;
  int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return "";
  std::string out(reinterpret_cast<char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return out.find('\0') == std::string::npos ? out : "";
}

void addAlternativeNames(X509* certificate, CertificateNames& out) {
  bssl::UniquePtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (size_t i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::vector<std::string>* list = name->type == GEN_DNS     ? &out.dnsNames
                                     : name->type == GEN_URI   ? &out.uris
                                     : name->type == GEN_EMAIL ? &out.emails
                                                               : nullptr;
    if (list == nullptr) continue;
    const ASN1_IA5STRING* text = name->d.ia5;
    std::string value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<size_t>(ASN1_STRING_length(text)));
    if (value.find('\0') == std::string::npos) list->push_back(std::move(value));
  }
}

const char* nameOf(const Result<PublicKey>& key) {
  switch (key ? key->type() : KeyType::kOther) {
    case KeyType::kRsa:
      return "RSA";
    case KeyType::kEd25519:
      return "Ed25519";
    case KeyType::kEcP256:
    case KeyType::kEcP384:
    case KeyType::kEcP521:
      return "EC";
    case KeyType::kOther:
      break;
  }
  return key && EVP_PKEY_id(key->handle()) == EVP_PKEY_EC ? "EC" : "other";
}

}  // namespace

Result<Certificate> Certificate::fromDer(std::string_view der) {
  ErrorQueueCleaner cleaner;
  bssl::UniquePtr<CRYPTO_BUFFER> buffer(CRYPTO_BUFFER_new(bytesOf(der), der.size(), nullptr));
  bssl::UniquePtr<X509> x509(buffer == nullptr ? nullptr : X509_parse_from_buffer(buffer.get()));
  if (x509 == nullptr) return Error::invalid("the certificate is malformed");
  Certificate out;
  out.x509_ = shared(std::move(x509));
  out.der_ = der;
  return out;
}

Result<std::vector<Certificate>> Certificate::chainFromPem(std::string_view pem) {
  ErrorQueueCleaner cleaner;
  if (pem.size() > kMaxPemBytes) return Error::invalid("the certificates are longer than 1 MiB");
  std::vector<Certificate> chain;
  auto bio = readBio(pem);
  char* name = nullptr;
  char* header = nullptr;
  uint8_t* bytes = nullptr;
  long length = 0;
  while (PEM_read_bio(bio.get(), &name, &header, &bytes, &length)) {
    bssl::UniquePtr<char> freeName(name), freeHeader(header);
    bssl::UniquePtr<uint8_t> freeBytes(bytes);
    if (!isCertificateBlock(name)) continue;
    auto parsed = fromDer({reinterpret_cast<const char*>(bytes), static_cast<size_t>(length)});
    if (!parsed) {
      return Error::invalid("certificate " + std::to_string(chain.size() + 1) +
                            " of the chain is malformed");
    }
    chain.push_back(std::move(parsed).value());
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return Error::invalid("certificate " + std::to_string(chain.size() + 1) +
                          " of the chain is damaged PEM");
  }
  if (chain.empty()) {
    return Error::invalid("no certificate in PEM format found; expected a block \"CERTIFICATE\"");
  }
  return chain;
}

std::string Certificate::sha256() const { return digest(Hash::kSha256, der_).hex(); }

CertificateNames Certificate::names() const {
  ErrorQueueCleaner cleaner;
  CertificateNames out;
  X509_NAME* subject = X509_get_subject_name(x509_.get());
  out.subject = textOf(subject);
  out.commonName = commonNameOf(subject);
  addAlternativeNames(x509_.get(), out);
  return out;
}

Result<PublicKey> Certificate::publicKey() const {
  ErrorQueueCleaner cleaner;
  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(x509_.get()));
  if (key == nullptr) return Error::invalid("the certificate's key is of a kind not supported");
  return PublicKey(shared(std::move(key)));
}

bool Certificate::isOf(const PrivateKey& key) const {
  ErrorQueueCleaner cleaner;
  auto own = publicKey();
  return own && EVP_PKEY_cmp(own->handle(), key.handle()) == 1;
}

bool Certificate::authority() const {
  ErrorQueueCleaner cleaner;
  return (X509_get_extension_flags(x509_.get()) & EXFLAG_CA) != 0;
}

bool Certificate::expired() const {
  ErrorQueueCleaner cleaner;
  return X509_cmp_current_time(X509_get0_notAfter(x509_.get())) < 0;
}

Result<CertificateFacts> certificateFacts(std::string_view pem) {
  auto chain = Certificate::chainFromPem(pem);
  if (!chain) return std::move(chain).error();
  const Certificate& first = chain->front();
  return CertificateFacts{nameOf(first.publicKey()), first.sha256(), first.authority(),
                          first.expired(), chain->size()};
}

Status checkServerKey(const PrivateKey& key) {
  switch (key.type()) {
    case KeyType::kEcP256:
    case KeyType::kEcP384:
      return {};
    case KeyType::kRsa:
      if (key.bits() >= kLeastServerRsaBits && key.bits() <= kMostServerRsaBits) return {};
      return Error::invalid("the RSA key has " + std::to_string(key.bits()) +
                            " bits; use 2048 to 8192, or an ECDSA key");
    default:
      break;
  }
  if (EVP_PKEY_id(key.handle()) == EVP_PKEY_EC) {
    return Error::invalid("the curve of the key is not supported; use P-256 or P-384");
  }
  return Error::invalid("the type of the key is not supported; use RSA or ECDSA (P-256, P-384)");
}

bool isKeyOf(std::string_view certificatePem, std::string_view keyPem) {
  auto chain = Certificate::chainFromPem(certificatePem);
  auto key = PrivateKey::fromPem(keyPem);
  return chain && key && chain->front().isOf(*key);
}

}  // namespace tollgate::crypto
