#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/private_key.h"

namespace tollgate::crypto {

/// What a self-signed certificate says.
struct SelfSignedTerms {
  /// A host name or an IP address; at most 64 letters, digits and ".-_*:".
  std::string commonName = "localhost";
  bool authority = false;  ///< May sign others; else it is for TLS servers.
  /// Counted from now; in the past for one that has expired.
  std::chrono::hours validFor = std::chrono::hours(24 * (20 * 365 + 5));
};

/// A certificate of `key`, in PEM. kInvalid for a name that is none.
Result<std::string> makeSelfSigned(const PrivateKey& key, const SelfSignedTerms& terms);

}  // namespace tollgate::crypto
