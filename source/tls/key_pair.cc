#include "source/tls/key_pair.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "source/base/read_file.h"
#include "source/tls/boringssl.h"

namespace tollgate::tls {
namespace {

constexpr long kSelfSignedDays = 20 * 365 + 5;

/// Keys with a passphrase are refused: there is nobody to ask.
int noPassphrase(char*, int, int, void*) { return 0; }

bssl::UniquePtr<BIO> readBio(std::string_view text) {
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bssl::UniquePtr<X509> parseCertificate(CRYPTO_BUFFER* der) {
  return bssl::UniquePtr<X509>(X509_parse_from_buffer(der));
}

bool isCertificateBlock(const char* name) {
  return std::strcmp(name, PEM_STRING_X509) == 0 || std::strcmp(name, PEM_STRING_X509_OLD) == 0;
}

bssl::UniquePtr<EVP_PKEY> generateKey(KeyType type) {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (key == nullptr) return nullptr;
  if (type == KeyType::kRsa2048) {
    bssl::UniquePtr<RSA> rsa(RSA_new());
    bssl::UniquePtr<BIGNUM> exponent(BN_new());
    if (rsa == nullptr || exponent == nullptr || !BN_set_word(exponent.get(), RSA_F4) ||
        !RSA_generate_key_ex(rsa.get(), 2048, exponent.get(), nullptr) ||
        !EVP_PKEY_set1_RSA(key.get(), rsa.get())) {
      return nullptr;
    }
    return key;
  }
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  if (ec == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

bool addName(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const uint8_t*>(value.data()),
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

bssl::UniquePtr<X509> selfSigned(EVP_PKEY* key, KeyType type, const std::string& commonName) {
  bssl::UniquePtr<X509> certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509* x509 = certificate.get();
  bssl::UniquePtr<BIGNUM> serial(BN_new());
  X509_NAME* name = X509_get_subject_name(x509);
  std::string usage = type == KeyType::kRsa2048 ? "critical,digitalSignature,keyEncipherment"
                                                : "critical,digitalSignature";
  bool made = X509_set_version(x509, X509_VERSION_3) && serial != nullptr &&
              BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
              BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) != nullptr &&
              X509_gmtime_adj(X509_getm_notBefore(x509), -3600) != nullptr &&
              X509_time_adj_ex(X509_getm_notAfter(x509), kSelfSignedDays, 0, nullptr) != nullptr &&
              addName(name, "O", "Tollgate") && addName(name, "CN", commonName) &&
              X509_set_issuer_name(x509, name) && X509_set_pubkey(x509, key) &&
              addExtension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
              addExtension(x509, NID_key_usage, usage) &&
              addExtension(x509, NID_ext_key_usage, "serverAuth") &&
              addExtension(x509, NID_subject_alt_name,
                           (isIpAddress(commonName) ? "IP:" : "DNS:") + commonName) &&
              X509_sign(x509, key, EVP_sha256()) > 0;
  if (!made) certificate.reset();
  return certificate;
}

std::vector<CRYPTO_BUFFER*> borrowed(const std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>& chain) {
  std::vector<CRYPTO_BUFFER*> buffers;
  for (const auto& certificate : chain) buffers.push_back(certificate.get());
  return buffers;
}

std::string bioText(BIO* bio) {
  const uint8_t* bytes = nullptr;
  size_t length = 0;
  if (!BIO_mem_contents(bio, &bytes, &length)) return {};
  return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace

Result<std::string> readPemFile(const std::string& path, const char* what) {
  auto text = readFile(path, {.bytes = kMaxPemBytes});
  if (!text) {
    return Error::invalid(std::string("cannot read the ") + what + ": " + text.error().message +
                              "; check the path and that this user may read it",
                          path);
  }
  if (text->empty()) return Error::invalid(std::string("the ") + what + " file is empty", path);
  return text;
}

Result<bssl::UniquePtr<EVP_PKEY>> loadPrivateKey(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return Error::invalid("the private key is longer than 1 MiB");
  auto bio = readBio(pem);
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassphrase, nullptr));
  ERR_clear_error();
  if (key != nullptr) return key;
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    return Error::invalid(
        "the private key is encrypted; store it without a passphrase (openssl pkey -in key.pem)");
  }
  return Error::invalid("no private key in PEM format found; expected a block \"PRIVATE KEY\"");
}

Result<KeyKind> kindOf(EVP_PKEY* key) {
  if (EVP_PKEY_id(key) == EVP_PKEY_RSA) {
    int bits = EVP_PKEY_bits(key);
    if (bits < 2048 || bits > 8192) {
      return Error::invalid("the RSA key has " + std::to_string(bits) +
                            " bits; use 2048 to 8192, or an ECDSA key");
    }
    return KeyKind::kRsa;
  }
  if (EVP_PKEY_id(key) == EVP_PKEY_EC) {
    const EC_GROUP* group = EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key));
    int curve = group == nullptr ? NID_undef : EC_GROUP_get_curve_name(group);
    if (curve == NID_X9_62_prime256v1) return KeyKind::kEcdsaP256;
    if (curve == NID_secp384r1) return KeyKind::kEcdsaP384;
    return Error::invalid("the curve of the key is not supported; use P-256 or P-384");
  }
  return Error::invalid("the type of the key is not supported; use RSA or ECDSA (P-256, P-384)");
}

bool matches(CRYPTO_BUFFER* certificate, EVP_PKEY* key) {
  auto parsed = parseCertificate(certificate);
  if (parsed == nullptr) return false;
  bssl::UniquePtr<EVP_PKEY> publicKey(X509_get_pubkey(parsed.get()));
  return publicKey != nullptr && EVP_PKEY_cmp(publicKey.get(), key) == 1;
}

Result<std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>> loadCertificates(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return Error::invalid("the certificates are longer than 1 MiB");
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain;
  auto bio = readBio(pem);
  char* name = nullptr;
  char* header = nullptr;
  uint8_t* bytes = nullptr;
  long length = 0;
  while (PEM_read_bio(bio.get(), &name, &header, &bytes, &length)) {
    bssl::UniquePtr<char> freeName(name), freeHeader(header);
    bssl::UniquePtr<uint8_t> freeBytes(bytes);
    if (!isCertificateBlock(name)) continue;
    bssl::UniquePtr<CRYPTO_BUFFER> der(
        CRYPTO_BUFFER_new(bytes, static_cast<size_t>(length), nullptr));
    if (der == nullptr || parseCertificate(der.get()) == nullptr) {
      ERR_clear_error();
      return Error::invalid("certificate " + std::to_string(chain.size() + 1) +
                            " of the chain is malformed");
    }
    chain.push_back(std::move(der));
  }
  bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!ended) {
    return Error::invalid("certificate " + std::to_string(chain.size() + 1) +
                          " of the chain is damaged PEM");
  }
  if (chain.empty()) {
    return Error::invalid("no certificate in PEM format found; expected a block \"CERTIFICATE\"");
  }
  return chain;
}

Result<LoadedPair> loadKeyPair(const KeyPair& pair) {
  LoadedPair loaded;
  auto chain = loadCertificates(pair.certificatePem);
  if (!chain.ok()) return chain.error();
  auto key = loadPrivateKey(pair.keyPem);
  if (!key.ok()) return key.error();
  auto kind = kindOf(key->get());
  if (!kind.ok()) return kind.error();
  loaded.chain = std::move(chain).value();
  loaded.key = std::move(key).value();
  loaded.kind = *kind;
  if (!matches(loaded.chain.front().get(), loaded.key.get())) {
    for (size_t i = 1; i < loaded.chain.size(); ++i) {
      if (!matches(loaded.chain[i].get(), loaded.key.get())) continue;
      return Error::invalid("the private key belongs to certificate " + std::to_string(i + 1) +
                            " of the chain; put that one first");
    }
    ERR_clear_error();
    return Error::invalid("the private key does not belong to the certificate");
  }
  return loaded;
}

bool LoadedPair::use(SSL_CTX* context) const {
  const auto buffers = borrowed(chain);
  bool used =
      SSL_CTX_set_chain_and_key(context, buffers.data(), buffers.size(), key.get(), nullptr) == 1;
  ERR_clear_error();
  return used;
}

bool LoadedPair::use(SSL* ssl) const {
  const auto buffers = borrowed(chain);
  bool used = SSL_set_chain_and_key(ssl, buffers.data(), buffers.size(), key.get(), nullptr) == 1;
  ERR_clear_error();
  return used;
}

Status checkKeyPair(const KeyPair& pair) {
  auto loaded = loadKeyPair(pair);
  if (!loaded.ok()) return loaded.error();
  return {};
}

Result<KeyPair> readKeyPair(const std::string& certificatePath, const std::string& keyPath) {
  auto certificate = readPemFile(certificatePath, "certificate");
  if (!certificate.ok()) return certificate.error();
  auto key = readPemFile(keyPath, "private key");
  if (!key.ok()) return key.error();
  // Each file is tried on its own first, so that the error names the right one.
  if (auto chain = loadCertificates(*certificate); !chain.ok()) {
    return Error::invalid(chain.error().message, certificatePath);
  }
  KeyPair pair{std::move(certificate).value(), std::move(key).value()};
  if (Status checked = checkKeyPair(pair); !checked.ok()) {
    return Error::invalid(checked.error().message + " (certificate: " + certificatePath + ")",
                          keyPath);
  }
  return pair;
}

Result<std::string> readCertificates(const std::string& path) {
  auto pem = readPemFile(path, "certificates");
  if (!pem.ok()) return pem.error();
  if (auto parsed = loadCertificates(*pem); !parsed.ok()) {
    return Error::invalid(parsed.error().message, path);
  }
  return pem;
}

Result<KeyPair> generateSelfSigned(KeyType type, std::string_view commonName) {
  std::string name(commonName);
  bool plain = name.find_first_not_of(
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789.-_*:") == std::string::npos;
  if (name.empty() || name.size() > 64 || !plain) {
    return Error::invalid("a certificate needs a host name or IP address of at most 64 characters");
  }
  auto key = generateKey(type);
  bssl::UniquePtr<X509> certificate;
  if (key != nullptr) certificate = selfSigned(key.get(), type, name);
  bssl::UniquePtr<BIO> certificateBio(BIO_new(BIO_s_mem())), keyBio(BIO_new(BIO_s_mem()));
  bool written =
      certificate != nullptr && certificateBio != nullptr && keyBio != nullptr &&
      PEM_write_bio_X509(certificateBio.get(), certificate.get()) &&
      PEM_write_bio_PKCS8PrivateKey(keyBio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  ERR_clear_error();
  if (!written) return Error::internal("cannot generate a certificate for " + name);
  return KeyPair{bioText(certificateBio.get()), bioText(keyBio.get())};
}

}  // namespace tollgate::tls
