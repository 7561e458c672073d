#include "source/crypto/self_signed.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "source/crypto/pem.h"

namespace tollgate::crypto {
namespace {

/// Clocks differ: a certificate is valid an hour before it is made.
constexpr long kBackdatedSeconds = 3600;

bool addName(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytesOf(value),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool addExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, const_cast<char*>(value.c_str())));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool isIpAddress(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

bool addUse(X509* x509, const PrivateKey& key, const SelfSignedTerms& terms) {
  if (terms.authority) {
    return addExtension(x509, NID_basic_constraints, "critical,CA:TRUE") &&
           addExtension(x509, NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  const char* usage = key.type() == KeyType::kRsa ? "critical,digitalSignature,keyEncipherment"
                                                  : "critical,digitalSignature";
  return addExtension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
         addExtension(x509, NID_key_usage, usage) &&
         addExtension(x509, NID_ext_key_usage, "serverAuth") &&
         addExtension(x509, NID_subject_alt_name,
                      (isIpAddress(terms.commonName) ? "IP:" : "DNS:") + terms.commonName);
}

bool fill(X509* x509, const PrivateKey& key, const SelfSignedTerms& terms) {
  bssl::UniquePtr<BIGNUM> serial(BN_new());
  X509_NAME* name = X509_get_subject_name(x509);
  const long seconds = std::chrono::seconds(terms.validFor).count();
  const long from = std::min(-kBackdatedSeconds, seconds - kBackdatedSeconds);
  const EVP_MD* md = key.type() == KeyType::kEd25519 ? nullptr : EVP_sha256();
  return X509_set_version(x509, X509_VERSION_3) && serial != nullptr &&
         BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) != nullptr &&
         X509_gmtime_adj(X509_getm_notBefore(x509), from) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(x509), seconds) != nullptr &&
         addName(name, "O", "Tollgate") && addName(name, "CN", terms.commonName) &&
         X509_set_issuer_name(x509, name) && X509_set_pubkey(x509, key.handle()) &&
         addUse(x509, key, terms) && X509_sign(x509, key.handle(), md) > 0;
}

}  // namespace

Result<std::string> makeSelfSigned(const PrivateKey& key, const SelfSignedTerms& terms) {
  ErrorQueueCleaner cleaner;
  const std::string& name = terms.commonName;
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789.-_*:") == std::string::npos;
  if (name.empty() || name.size() > 64 || !plain) {
    return Error::invalid("a certificate needs a host name or IP address of at most 64 characters");
  }
  bssl::UniquePtr<X509> x509(X509_new());
  bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (x509 == nullptr || out == nullptr || !fill(x509.get(), key, terms) ||
      !PEM_write_bio_X509(out.get(), x509.get()) || !BIO_mem_contents(out.get(), &bytes, &size)) {
    return Error::internal("cannot generate a certificate for " + name);
  }
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace tollgate::crypto
