#include <openssl/x509.h>

#include <cerrno>

#include "source/tls/boringssl.h"

namespace tollgate::tls {
namespace {

const char* verifyText(const SSL* ssl) {
  switch (SSL_get_verify_result(ssl)) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "tls: the peer's certificate is for another name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "tls: the peer's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "tls: the peer's certificate is not valid yet";
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return "tls: the peer's certificate chain is longer than the verify depth";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "tls: the peer's certificate is self-signed and not trusted";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "tls: the peer's certificate has no trusted issuer within the verify depth";
    default:
      return "tls: the peer's certificate was refused";
  }
}

const char* alertText(int alert) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
      return "tls: the peer does not trust our certificate (alert)";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "tls: the peer says that our certificate has expired (alert)";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "tls: the peer says that our certificate is revoked (alert)";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "tls: the peer requires a client certificate (alert)";
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
      return "tls: the peer refused the handshake (alert)";
    case SSL_AD_PROTOCOL_VERSION:
      return "tls: the peer refused the protocol version (alert)";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "tls: the peer does not know the server name (alert)";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "tls: the peer refused our application protocols (alert)";
    default:
      return "tls: the peer sent a fatal alert";
  }
}

const char* reasonText(const SSL* ssl, int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
      return "tls: plain HTTP on a TLS port";
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "tls: plain HTTP CONNECT on a TLS port";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_RECORD:
    case SSL_R_INVALID_OUTER_RECORD_TYPE:
      return "tls: the peer does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_INAPPROPRIATE_FALLBACK:
    case SSL_R_NO_SUPPORTED_VERSIONS_ENABLED:
      return "tls: no protocol version in common";
    case SSL_R_NO_SHARED_CIPHER:
      return "tls: no cipher suite in common";
    case SSL_R_NO_SHARED_GROUP:
      return "tls: no key exchange group in common";
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
      return "tls: no signature algorithm in common";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "tls: no application protocol in common";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return verifyText(ssl);
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return "tls: a record was damaged";
    case SSL_R_NO_RENEGOTIATION:
      return "tls: the peer asked for renegotiation";
    default:
      return "tls: protocol error";
  }
}

}  // namespace

const char* takeErrorText(const SSL* ssl) {
  // The layer below may have left errors in front of the one that says what it means.
  uint32_t error = ERR_get_error();
  if (error == 0) return "tls: failed";
  while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL) error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "tls: cryptographic error";
  int reason = ERR_GET_REASON(error);
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
    return alertText(reason - SSL_AD_REASON_OFFSET);
  }
  return reasonText(ssl, reason);
}

const char* socketErrorText(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      return "tls: connection reset by peer";
    case ETIMEDOUT:
      return "tls: connection timed out";
    default:
      return "tls: socket error";
  }
}

}  // namespace tollgate::tls
