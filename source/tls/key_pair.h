#pragma once

#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/private_key.h"

namespace tollgate::tls {

/// A certificate with its private key, as PEM text.
struct KeyPair {
  std::string certificatePem;  ///< The chain, leaf first.
  std::string keyPem;          ///< Not encrypted.
};

/// A new key and a self-signed server certificate for the host name or IP address `commonName`,
/// valid for 20 years. RSA takes some 100 ms.
Result<KeyPair> generateSelfSigned(crypto::KeyType type, std::string_view commonName = "localhost");

/// Reads a pair from two files and checks it as checkKeyPair() does; errors name the file.
Result<KeyPair> readKeyPair(const std::string& certificatePath, const std::string& keyPath);

/// Reads a PEM file of certificates, each checked to parse; errors name the file.
Result<std::string> readCertificates(const std::string& path);

/// Whether the pair parses, is of a kind that can be served (RSA 2048 to 8192 bits, ECDSA P-256 or
/// P-384), and the key belongs to the first certificate.
Status checkKeyPair(const KeyPair& pair);

}  // namespace tollgate::tls
