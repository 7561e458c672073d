// What stands in a database instead of secrets: a form that is understood reads back as the same
// one, and whatever stands there opens and verifies nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "source/store/sealed/credentials.h"
#include "source/store/sealed/stored_form.h"

namespace {

using tollgate::store::Credentials;
using tollgate::store::StoredForm;

Credentials make(const char* secret) {
  Credentials::Options options;
  options.passwordMemoryLimit = 1 << 14;  // a hash must not cost more than the rest of a run
  return Credentials(secret, options);
}

bool same(const StoredForm& a, const StoredForm& b) {
  return a.scheme == b.scheme && a.secretId == b.secretId && a.logCost == b.logCost &&
         a.blockSize == b.blockSize && a.parallel == b.parallel && a.salt == b.salt &&
         a.value == b.value;
}

void check(const Credentials& credentials, const std::string& text) {
  const bool opened = credentials.open(text, "secret").ok();
  if (opened && tollgate::store::hasStoredFormMark(text)) std::abort();
  (void)credentials.lookupDigestOf(text);
  if (credentials.verifyPassword(text, "no such password", "consumer")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& keyed = *new Credentials(make("a secret of the fuzzer"));
  static const auto& bare = *new Credentials(make(""));
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (auto form = StoredForm::parse(text)) {
    auto again = StoredForm::parse(form->print());
    if (!again || !same(*form, *again)) std::abort();
  }
  check(keyed, text);
  check(bare, text);
  // What is sealed opens as what it was, for its own field only.
  auto sealed = keyed.seal(text, "secret");
  if (!sealed) std::abort();
  auto opened = keyed.open(*sealed, "secret");
  if (!opened || *opened != text || keyed.open(*sealed, "other").ok()) std::abort();
  return 0;
}
