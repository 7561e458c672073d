#include "source/config/credentials.h"

#include "source/store/sealed/stored_form.h"

namespace tollgate::config {
namespace {

using store::StoredForm;
using Scheme = StoredForm::Scheme;

constexpr size_t kSaltBytes = 16;
constexpr size_t kIdBytes = 8;

std::string_view textOf(const tls::Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

tls::Sha256 digestOf(const std::string& bytes) {
  tls::Sha256 out{};
  bytes.copy(reinterpret_cast<char*>(out.data()), out.size());
  return out;
}

std::string hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

tls::ScryptCost costOf(const StoredForm& form) {
  return {form.logCost, form.blockSize, form.parallel};
}

}  // namespace

Credentials::Credentials(std::string_view secret, Options options) : options_(options) {
  if (secret.empty()) return;
  std::string digestKey = tls::deriveKey(secret, "tollgate 1 key digests");
  hmac_.emplace(digestKey);
  tls::wipe(digestKey);
  sealKey_ = tls::deriveKey(secret, "tollgate 1 sealed secrets");
  secretId_ = hex(tls::deriveKey(secret, "tollgate 1 name of the secret").substr(0, kIdBytes));
}

tls::Sha256 Credentials::keyed(const tls::Sha256& digest) const {
  return hmac_ ? (*hmac_)(textOf(digest)) : digest;
}

tls::Sha256 Credentials::lookupDigest(std::string_view key) const {
  return keyed(tls::sha256(key));
}

std::optional<tls::Sha256> Credentials::lookupDigestOf(std::string_view stored) const {
  if (!store::hasStoredFormMark(stored)) return lookupDigest(stored);
  auto form = StoredForm::parse(stored);
  if (!form) return lookupDigest(stored);
  if (form->scheme == Scheme::kPlainDigest) return keyed(digestOf(form->value));
  if (form->scheme != Scheme::kKeyedDigest || form->secretId != secretId_) return {};
  return digestOf(form->value);
}

std::string Credentials::plainDigest(std::string_view key) const {
  StoredForm form;
  form.scheme = Scheme::kPlainDigest;
  form.value = textOf(tls::sha256(key));
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
  form.salt = tls::randomBytes(kSaltBytes);
  auto hash = tls::scrypt(text, form.salt, options_.passwordCost, options_.passwordMemoryLimit);
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
  return tls::sha1Hex(std::string(password) + std::string(consumerId));
}

bool Credentials::verifyPassword(std::string_view stored, std::string_view password,
                                 std::string_view consumerId) const {
  auto form = StoredForm::parse(stored);
  if (!form) return tls::equalInConstantTime(stored, sha1OfPassword(password, consumerId));
  if (form->scheme != Scheme::kPassword && form->scheme != Scheme::kSha1Password) return false;
  std::string given = form->scheme == Scheme::kSha1Password ? sha1OfPassword(password, consumerId)
                                                            : std::string(password);
  const bool same = slowEqual(*form, given);
  tls::wipe(given);
  return same;
}

bool Credentials::verifySha1(std::string_view stored, std::string_view hex) const {
  auto form = StoredForm::parse(stored);
  if (!form) return tls::equalInConstantTime(stored, hex);
  return form->scheme == Scheme::kSha1Password && slowEqual(*form, hex);
}

bool Credentials::slowEqual(const StoredForm& form, std::string_view text) const {
  auto hash = tls::scrypt(text, form.salt, costOf(form), options_.passwordMemoryLimit);
  return hash.ok() && tls::equalInConstantTime(*hash, form.value);
}

Result<std::string> Credentials::seal(std::string_view text, std::string_view context) const {
  if (!hmac_) return std::string(text);
  auto sealed = tls::seal(sealKey_, text, context);
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
  return tls::unseal(sealKey_, form->value, context);
}

}  // namespace tollgate::config
