#include "source/tls/trust.h"

#include <openssl/pool.h>
#include <openssl/x509v3.h>

namespace tollgate::tls {
namespace {

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

void addAlternativeNames(X509* certificate, net::PeerCertificate& out) {
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

}  // namespace

Status trust(X509_STORE* store, std::string_view pem) {
  auto certificates = loadCertificates(pem);
  if (!certificates.ok()) return certificates.error();
  for (const auto& der : *certificates) {
    bssl::UniquePtr<X509> certificate(X509_parse_from_buffer(der.get()));
    if (certificate == nullptr || !X509_STORE_add_cert(store, certificate.get())) {
      // A bundle may hold one twice.
      bool twice = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_CERT_ALREADY_IN_HASH_TABLE;
      ERR_clear_error();
      if (!twice) return Error::internal("cannot keep a trusted certificate");
    }
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
  bssl::UniquePtr<X509> certificate(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, 0)));
  if (certificate == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  auto out = std::make_unique<net::PeerCertificate>();
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  out->subject = textOf(subject);
  out->commonName = commonNameOf(subject);
  addAlternativeNames(certificate.get(), *out);
  ERR_clear_error();
  return out;
}

}  // namespace tollgate::tls
