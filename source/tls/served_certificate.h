#pragma once

// For files of this folder only.
#include <optional>
#include <vector>

#include "source/tls/boringssl.h"
#include "source/tls/certificate_table.h"

namespace tollgate::tls {

/// One pair of a certificate, in a context that a connection switches to.
struct Candidate {
  bssl::UniquePtr<SSL_CTX> context;
  crypto::KeyType kind = crypto::KeyType::kRsa;
  std::optional<LoadedPair> pair = {};  ///< Of a ServedCertificate: what `context` holds.
};

struct ServedCertificate::Impl {
  std::vector<Candidate> candidates;  ///< The preferred first.
};

/// ECDSA before RSA, as handshakes with it cost less.
void sortByPreference(std::vector<Candidate>& candidates);

/// Forward secrecy and AEAD only. Suites in brackets are equal to us: the client's order decides.
extern const char* const kModernCiphers;

/// Sets the callbacks that a context needs that connections of a ServerContext switch to; they find
/// that ServerContext by the connection.
void setServerCallbacks(SSL_CTX* context);

}  // namespace tollgate::tls
