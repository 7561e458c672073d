// PEM texts of certificates and keys: read or refused, each check in agreement with the others.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "source/crypto/certificate.h"
#include "source/tls/key_pair.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::crypto;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto facts = certificateFacts(text);
  if (facts && (facts->certificates == 0 || facts->sha256.size() != 64)) std::abort();
  const auto key = PrivateKey::fromPem(text);
  const bool serves = key && checkServerKey(*key).ok();
  const bool owns = isKeyOf(text, text);
  if (owns && !key) std::abort();
  // One file with both is the usual way to hand a pair over.
  if (tollgate::tls::checkKeyPair({text, text}).ok() && !(facts.ok() && serves && owns))
    std::abort();
  return 0;
}
