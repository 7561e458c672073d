#include "source/tls/served_certificate.h"

#include <algorithm>

namespace tollgate::tls {

const char* const kModernCiphers =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

namespace {

/// The certificate and what else a connection takes from the context it switches to: the ciphers
/// and the ALPN callback. Versions, options and tickets stay those of its listener.
Result<bssl::UniquePtr<SSL_CTX>> makeCarrier(const LoadedPair& pair) {
  bssl::UniquePtr<SSL_CTX> made(SSL_CTX_new(TLS_with_buffers_method()));
  const bool fine = made != nullptr && SSL_CTX_set_cipher_list(made.get(), kModernCiphers) == 1;
  ERR_clear_error();
  if (!fine) return Error::internal("cannot make a TLS context");
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF | SSL_SESS_CACHE_NO_INTERNAL);
  setServerCallbacks(made.get());
  if (!pair.use(made.get())) {
    return Error::invalid("the certificate cannot be used for a TLS server");
  }
  return made;
}

}  // namespace

void sortByPreference(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    auto rank = [](crypto::KeyType kind) {
      return kind == crypto::KeyType::kEcP256 ? 0 : kind == crypto::KeyType::kEcP384 ? 1 : 2;
    };
    return rank(a.kind) < rank(b.kind);
  });
}

ServedCertificate::ServedCertificate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServedCertificate::~ServedCertificate() = default;

Result<std::shared_ptr<const ServedCertificate>> ServedCertificate::create(
    const std::vector<KeyPair>& pairs) {
  if (pairs.empty()) return Error::invalid("a certificate with its private key is needed");
  auto impl = std::make_unique<Impl>();
  for (const KeyPair& pair : pairs) {
    auto loaded = loadKeyPair(pair);
    if (!loaded) return std::move(loaded).error();
    auto carrier = makeCarrier(*loaded);
    if (!carrier) return std::move(carrier).error();
    const crypto::KeyType kind = loaded->key.type();
    impl->candidates.push_back({std::move(carrier).value(), kind, std::move(loaded).value()});
  }
  sortByPreference(impl->candidates);
  return std::shared_ptr<const ServedCertificate>(new ServedCertificate(std::move(impl)));
}

}  // namespace tollgate::tls
