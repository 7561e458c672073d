// PEM texts of certificates and keys: read or refused, each check in agreement with the others.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "source/tls/certificate_facts.h"
#include "source/tls/key_pair.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::tls;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto facts = certificateFacts(text);
  if (facts && (facts->certificates == 0 || facts->sha256.size() != 64)) std::abort();
  const bool serves = checkServerKey(text).ok();
  if (serves && !checkPrivateKey(text).ok()) std::abort();
  (void)checkPublicKey(text);
  const bool owns = isKeyOf(text, text);
  if (owns && !checkPrivateKey(text).ok()) std::abort();
  // One file with both is the usual way to hand a pair over.
  if (checkKeyPair({text, text}).ok() && !(facts.ok() && serves && owns)) std::abort();
  return 0;
}
