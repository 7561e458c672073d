#include "source/tls/trust.h"

#include <openssl/pool.h>

#include "source/crypto/certificate.h"

namespace tollgate::tls {
Status trust(X509_STORE* store, std::string_view pem) {
  auto certificates = crypto::Certificate::chainFromPem(pem);
  if (!certificates) return std::move(certificates).error();
  for (const crypto::Certificate& certificate : *certificates) {
    if (X509_STORE_add_cert(store, certificate.handle())) continue;
    // A bundle may hold one twice.
    const bool twice = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_CERT_ALREADY_IN_HASH_TABLE;
    ERR_clear_error();
    if (!twice) return Error::internal("cannot keep a trusted certificate");
  }
  return {};
}

Status verifyClients(SSL_CTX* context, std::string_view caPem, bool required) {
  if (Status trusted = trust(SSL_CTX_get_cert_store(context), caPem); !trusted.ok()) {
    return Error::invalid(trusted.error().message, "certificates that vouch for clients");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return {};
}

std::unique_ptr<net::PeerCertificate> peerCertificateOf(const SSL* ssl) {
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl);
  if (chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0) return nullptr;
  const CRYPTO_BUFFER* der = sk_CRYPTO_BUFFER_value(chain, 0);
  auto certificate = crypto::Certificate::fromDer(
      {reinterpret_cast<const char*>(CRYPTO_BUFFER_data(der)), CRYPTO_BUFFER_len(der)});
  if (!certificate) return nullptr;
  crypto::CertificateNames names = certificate->names();
  return std::make_unique<net::PeerCertificate>(net::PeerCertificate{
      std::move(names.subject), std::move(names.commonName), std::move(names.dnsNames),
      std::move(names.uris), std::move(names.emails)});
}

}  // namespace tollgate::tls
