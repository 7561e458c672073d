#include "source/tls/key_pair.h"

#include <openssl/pool.h>

#include <cstring>

#include "source/base/read_file.h"
#include "source/crypto/self_signed.h"
#include "source/tls/boringssl.h"

namespace tollgate::tls {
namespace {

constexpr size_t kMaxFileBytes = 1024 * 1024;

std::vector<CRYPTO_BUFFER*> borrowed(const std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>& chain) {
  std::vector<CRYPTO_BUFFER*> buffers;
  for (const auto& certificate : chain) buffers.push_back(certificate.get());
  return buffers;
}

Status checkOwner(const std::vector<crypto::Certificate>& chain, const crypto::PrivateKey& key) {
  if (chain.front().isOf(key)) return {};
  for (size_t i = 1; i < chain.size(); ++i) {
    if (!chain[i].isOf(key)) continue;
    return Error::invalid("the private key belongs to certificate " + std::to_string(i + 1) +
                          " of the chain; put that one first");
  }
  return Error::invalid("the private key does not belong to the certificate");
}

}  // namespace

Result<std::string> readPemFile(const std::string& path, const char* what) {
  auto text = readFile(path, {.bytes = kMaxFileBytes});
  if (!text) {
    return Error::invalid(std::string("cannot read the ") + what + ": " + text.error().message +
                              "; check the path and that this user may read it",
                          path);
  }
  if (text->empty()) return Error::invalid(std::string("the ") + what + " file is empty", path);
  return text;
}

Result<LoadedPair> loadKeyPair(const KeyPair& pair) {
  auto chain = crypto::Certificate::chainFromPem(pair.certificatePem);
  if (!chain) return std::move(chain).error();
  auto key = crypto::PrivateKey::fromPem(pair.keyPem);
  if (!key) return std::move(key).error();
  if (Status serves = crypto::checkServerKey(*key); !serves) return std::move(serves).error();
  if (Status owner = checkOwner(*chain, *key); !owner) return std::move(owner).error();
  LoadedPair loaded{{}, std::move(key).value()};
  for (const crypto::Certificate& certificate : *chain) {
    const std::string& der = certificate.der();
    loaded.chain.emplace_back(
        CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
    if (loaded.chain.back() == nullptr) return Error::internal("cannot keep a certificate");
  }
  return loaded;
}

bool LoadedPair::use(SSL_CTX* context) const {
  const auto buffers = borrowed(chain);
  bool used = SSL_CTX_set_chain_and_key(context, buffers.data(), buffers.size(), key.handle(),
                                        nullptr) == 1;
  ERR_clear_error();
  return used;
}

bool LoadedPair::use(SSL* ssl) const {
  const auto buffers = borrowed(chain);
  bool used =
      SSL_set_chain_and_key(ssl, buffers.data(), buffers.size(), key.handle(), nullptr) == 1;
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
  if (auto chain = crypto::Certificate::chainFromPem(*certificate); !chain) {
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
  if (auto parsed = crypto::Certificate::chainFromPem(*pem); !parsed) {
    return Error::invalid(parsed.error().message, path);
  }
  return pem;
}

Result<KeyPair> generateSelfSigned(crypto::KeyType type, std::string_view commonName) {
  auto key = crypto::PrivateKey::generate(type);
  if (!key) return std::move(key).error();
  crypto::SelfSignedTerms terms;
  terms.commonName = commonName;
  auto certificate = crypto::makeSelfSigned(*key, terms);
  if (!certificate) return std::move(certificate).error();
  auto keyPem = key->pem();
  if (!keyPem) return std::move(keyPem).error();
  return KeyPair{std::move(certificate).value(), std::string(keyPem->view())};
}

}  // namespace tollgate::tls
