#pragma once

// For files of this folder only.
#include <openssl/x509.h>

#include <memory>
#include <string_view>

#include "source/net/transport.h"
#include "source/tls/boringssl.h"

namespace tollgate::tls {

/// Adds the certificates of a PEM text to what is trusted.
Status trust(X509_STORE* store, std::string_view pem);

/// Has a server ask clients for a certificate that one of these vouches for.
Status verifyClients(SSL_CTX* context, std::string_view caPem, bool required);

/// What the other side of an established connection has shown; nullptr if nothing.
std::unique_ptr<net::PeerCertificate> peerCertificateOf(const SSL* ssl);

}  // namespace tollgate::tls
