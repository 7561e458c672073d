// Keys as PEM, DER and the members of a JWK, one a line: read or refused. What is read has one
// encoding that is read as the same key, and takes no odd signature for its own.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/crypto/private_key.h"
#include "source/crypto/public_key.h"

using namespace tollgate::crypto;

namespace {

void check(const PublicKey& key) {
  // Of other types BoringSSL reads some that it cannot write.
  if (key.type() == KeyType::kOther) return;
  const std::string der = key.der();
  const auto again = PublicKey::fromDer(der);
  if (!again || !(*again == key) || again->der() != der) std::abort();
  for (int i = 0; i <= static_cast<int>(SignatureScheme::kEd25519); ++i) {
    const auto scheme = static_cast<SignatureScheme>(i);
    for (EcdsaForm form : {EcdsaForm::kRaw, EcdsaForm::kDer}) {
      if (key.verify(scheme, "a message", "no signature", form)) std::abort();
    }
  }
}

void check(const PrivateKey& key) {
  const PublicKey own = key.publicKey();
  check(own);
  if (own.type() != key.type() || own.bits() != key.bits()) std::abort();
  // The others take a millisecond.
  if (!key.suits(SignatureScheme::kEd25519)) return;
  const auto signature = key.sign(SignatureScheme::kEd25519, "a message");
  if (!signature || !own.verify(SignatureScheme::kEd25519, "a message", *signature)) std::abort();
}

void readJwk(std::string_view text) {
  std::array<std::string_view, 6> lines;
  for (std::string_view& line : lines) {
    const size_t end = std::min(text.find('\n'), text.size());
    line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto key = PublicKey::fromJwk({lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]});
  if (!key) return;
  if (key->type() == KeyType::kOther) std::abort();
  check(*key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (auto key = PublicKey::fromPem(text)) check(*key);
  if (auto key = PublicKey::fromDer(text)) check(*key);
  if (auto key = PrivateKey::fromPem(text)) check(*key);
  if (auto key = PrivateKey::fromDer(text)) check(*key);
  readJwk(text);
  return 0;
}
