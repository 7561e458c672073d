#include "source/store/sealed/credentials.h"

#include "source/base/hex.h"
#include "source/crypto/password_hash.h"
#include "source/crypto/sealing.h"
#include "source/crypto/secret.h"
#include "source/store/sealed/stored_form.h"

namespace tollgate::store {
namespace {

using Scheme = StoredForm::Scheme;

constexpr size_t kSaltBytes = 16;
constexpr size_t kIdBytes = 8;

std::string_view textOf(const crypto::Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

crypto::Sha256 digestOf(const std::string& bytes) {
  crypto::Sha256 out{};
  bytes.copy(reinterpret_cast<char*>(out.data()), out.size());
  return out;
}

crypto::ScryptCost costOf(const StoredForm& form) {
  return {form.logCost, form.blockSize, form.parallel};
}

}  // namespace

Credentials::Credentials(std::string_view secret, Options options) : options_(options) {
  if (secret.empty()) return;
  std::string digestKey = crypto::deriveKey(secret, "tollgate 1 key digests");
  hmac_.emplace(digestKey);
  crypto::wipe(digestKey);
  sealKey_ = crypto::Secret(crypto::deriveKey(secret, "tollgate 1 sealed secrets"));
  secretId_ = toHex(crypto::deriveKey(secret, "tollgate 1 name of the secret").substr(0, kIdBytes));
}

crypto::Sha256 Credentials::keyed(const crypto::Sha256& digest) const {
  return hmac_ ? (*hmac_)(textOf(digest)) : digest;
}

crypto::Sha256 Credentials::lookupDigest(std::string_view key) const {
  return keyed(crypto::sha256(key));
}

std::optional<crypto::Sha256> Credentials::lookupDigestOf(std::string_view stored) const {
  if (!hasStoredFormMark(stored)) return lookupDigest(stored);
  auto form = StoredForm::parse(stored);
  if (!form) return lookupDigest(stored);
  if (form->scheme == Scheme::kPlainDigest) return keyed(digestOf(form->value));
  if (form->scheme != Scheme::kKeyedDigest || form->secretId != secretId_) return {};
  return digestOf(form->value);
}

std::string Credentials::plainDigest(std::string_view key) const {
  StoredForm form;
  form.scheme = Scheme::kPlainDigest;
  form.value = textOf(crypto::sha256(key));
  return form.print();
}

std::string Credentials::digest(std::string_view key) const {
  return strengthened(plainDigest(key));
}

std::string Credentials::strengthened(std::string_view plainDigestForm) const {
  auto form = StoredForm::parse(plainDigestForm);
  if (!hmac_ || !form || form->scheme != Scheme::kPlainDigest) return std::string(plainDigestForm);
  form->scheme = Scheme::kKeyedDigest;
  form->secretId = secretId_;
  form->value = textOf(keyed(digestOf(form->value)));
  return form->print();
}

Result<std::string> Credentials::slowHash(std::string_view text, bool sha1) const {
  StoredForm form;
  form.scheme = sha1 ? Scheme::kSha1Password : Scheme::kPassword;
  form.logCost = options_.passwordCost.logCost;
  form.blockSize = options_.passwordCost.blockSize;
  form.parallel = options_.passwordCost.parallel;
  form.salt = crypto::randomBytes(kSaltBytes);
  auto hash = crypto::scrypt(text, form.salt, options_.passwordCost, options_.passwordMemoryLimit);
  if (!hash) return hash.error();
  form.value = std::move(hash).value();
  return form.print();
}

Result<std::string> Credentials::hashPassword(std::string_view password) const {
  return slowHash(password, false);
}

Result<std::string> Credentials::hashSha1(std::string_view hex) const {
  return slowHash(hex, true);
}

std::string Credentials::sha1OfPassword(std::string_view password,
                                        std::string_view consumerId) const {
  return crypto::Digester(crypto::Hash::kSha1).update(password).update(consumerId).finish().hex();
}

bool Credentials::verifyPassword(std::string_view stored, std::string_view password,
                                 std::string_view consumerId) const {
  auto form = StoredForm::parse(stored);
  if (!form) return crypto::equalInConstantTime(stored, sha1OfPassword(password, consumerId));
  if (form->scheme != Scheme::kPassword && form->scheme != Scheme::kSha1Password) return false;
  std::string given = form->scheme == Scheme::kSha1Password ? sha1OfPassword(password, consumerId)
                                                            : std::string(password);
  const bool same = slowEqual(*form, given);
  crypto::wipe(given);
  return same;
}

bool Credentials::verifySha1(std::string_view stored, std::string_view hex) const {
  auto form = StoredForm::parse(stored);
  if (!form) return crypto::equalInConstantTime(stored, hex);
  return form->scheme == Scheme::kSha1Password && slowEqual(*form, hex);
}

bool Credentials::slowEqual(const StoredForm& form, std::string_view text) const {
  auto hash = crypto::scrypt(text, form.salt, costOf(form), options_.passwordMemoryLimit);
  return hash.ok() && crypto::equalInConstantTime(*hash, form.value);
}

Result<std::string> Credentials::seal(std::string_view text, std::string_view context) const {
  if (!hmac_) return std::string(text);
  auto sealed = crypto::seal(sealKey_.view(), text, context);
  if (!sealed) return sealed.error();
  StoredForm form;
  form.scheme = Scheme::kSealed;
  form.secretId = secretId_;
  form.value = std::move(sealed).value();
  return form.print();
}

Result<std::string> Credentials::open(std::string_view sealedForm, std::string_view context) const {
  auto form = StoredForm::parse(sealedForm);
  if (!form || form->scheme != Scheme::kSealed) return Error::invalid("is no sealed secret");
  if (form->secretId != secretId_) {
    return Error::conflict("was sealed under the secret " + form->secretId);
  }
  return crypto::unseal(sealKey_.view(), form->value, context);
}

}  // namespace tollgate::store
