#include "source/store/sealed/protector.h"

#include <algorithm>

#include "source/store/sealed/stored_form.h"

namespace tollgate::store {
namespace {

using schema::AtRest;
using Scheme = StoredForm::Scheme;

std::string consumerOf(const Json& doc) {
  auto consumer = doc.find("consumer");
  if (consumer == doc.end() || !consumer->is_object()) return {};
  auto id = consumer->find("id");
  return id != consumer->end() && id->is_string() ? id->get<std::string>() : std::string();
}

std::string contextOf(std::string_view kind, const std::string& field) {
  return std::string(kind) + "." + field;
}

}  // namespace

Protector::Protector(std::shared_ptr<const Credentials> crypto, Mode mode, Report report,
                     FieldsOf fields)
    : crypto_(std::move(crypto)),
      mode_(mode),
      report_(std::move(report)),
      fields_(std::move(fields)) {}

Protector::FieldsOf Protector::fieldsFromSchemas() {
  return [](std::string_view kind) -> const std::vector<schema::AtRestField>& {
    static const std::vector<schema::AtRestField> kNone;
    const auto* found = schema::EntitySchema::find(kind);
    return found != nullptr ? found->atRestFields() : kNone;
  };
}

Result<std::string> Protector::protectField(const schema::AtRestField& field, std::string_view kind,
                                            const std::string& value, const Json& doc) const {
  auto form = StoredForm::parse(value);
  bool plain = mode_ == Mode::kPlain;
  if (form && form->scheme == Scheme::kSha1 && field.how == AtRest::kPassword) {
    return plain ? Result<std::string>(form->value) : crypto_->hashSha1(form->value);
  }
  if (form) return value;
  switch (field.how) {
    case AtRest::kDigest:
      return plain ? value : crypto_->digest(value);
    case AtRest::kPassword:
      return plain ? Result<std::string>(crypto_->sha1OfPassword(value, consumerOf(doc)))
                   : crypto_->hashPassword(value);
    case AtRest::kSealed:
      break;
  }
  return plain ? value : crypto_->seal(value, contextOf(kind, field.field));
}

Status Protector::protect(std::string_view kind, Json& doc) const {
  for (const schema::AtRestField& field : fields_(kind)) {
    const std::string* value = field.in(doc);
    if (value == nullptr) continue;
    auto kept = protectField(field, kind, *value, doc);
    if (!kept) return kept.error();
    field.set(doc, std::move(kept).value());
  }
  return {};
}

Status Protector::protectCopy(std::string_view kind, Json& doc) const {
  if (mode_ == Mode::kPlain) return {};
  for (const schema::AtRestField& field : fields_(kind)) {
    const std::string* value = field.in(doc);
    if (value == nullptr || field.how == AtRest::kPassword) continue;
    auto kept = protectField(field, kind, *value, doc);
    if (!kept) return kept.error();
    field.set(doc, std::move(kept).value());
  }
  return {};
}

Result<std::string> Protector::convertField(const schema::AtRestField& field, std::string_view kind,
                                            const std::string& value, const Json& doc) const {
  auto form = StoredForm::parse(value);
  bool plain = mode_ == Mode::kPlain;
  if (form && form->scheme == Scheme::kSealed && plain) {
    auto opened = crypto_->open(value, contextOf(kind, field.field));
    return opened ? std::move(opened) : Result<std::string>(value);
  }
  if (form && form->scheme == Scheme::kPlainDigest && !plain) return crypto_->strengthened(value);
  if (form || plain) return value;
  if (field.how != AtRest::kPassword) return protectField(field, kind, value, doc);
  // What stands there is Kong's form, never the password itself.
  std::string kongs = sha1Form(value);
  return StoredForm::parse(kongs) ? protectField(field, kind, kongs, doc)
                                  : Result<std::string>(value);
}

Result<bool> Protector::convert(std::string_view kind, Json& doc) const {
  bool changed = false;
  for (const schema::AtRestField& field : fields_(kind)) {
    const std::string* value = field.in(doc);
    if (value == nullptr) continue;
    auto kept = convertField(field, kind, *value, doc);
    if (!kept) return kept.error();
    if (*kept == *value) continue;
    field.set(doc, std::move(kept).value());
    changed = true;
  }
  return changed;
}

void Protector::open(std::string_view kind, Json& doc) {
  for (const schema::AtRestField& field : fields_(kind)) {
    const std::string* value = field.in(doc);
    if (value != nullptr) openField(field, kind, *value, doc);
  }
}

void Protector::openField(const schema::AtRestField& field, std::string_view kind,
                          const std::string& text, Json& doc) {
  if (field.how == AtRest::kPassword) return;
  auto form = StoredForm::parse(text);
  if (field.how == AtRest::kDigest) {
    bool current = mode_ == Mode::kPlain         ? !form
                   : crypto_->secretId().empty() ? form && form->scheme == Scheme::kPlainDigest
                                                 : form && form->scheme == Scheme::kKeyedDigest;
    if (!current) otherForms_ = true;
    if (form && form->scheme == Scheme::kKeyedDigest && form->secretId != crypto_->secretId()) {
      noteForeign(form->secretId);
    }
    return;
  }
  if (!form || form->scheme != Scheme::kSealed) return;
  auto opened = crypto_->open(text, contextOf(kind, field.field));
  if (opened) {
    field.set(doc, std::move(opened).value());
  } else if (opened.error().kind == Error::Kind::kConflict) {
    noteForeign(form->secretId);
  } else if (report_) {
    report_("a sealed " + contextOf(kind, field.field) + " " + opened.error().message +
            "; set the field anew");
  }
}

bool Protector::isKeptAs(const schema::AtRestField& field, const std::string& given,
                         const std::string& stored, const Json& doc) const {
  if (given == stored) return true;
  if (field.how == AtRest::kDigest) {
    const auto forms = formsOf(given);
    return std::find(forms.begin(), forms.end(), stored) != forms.end();
  }
  if (field.how != AtRest::kPassword) return false;
  auto form = StoredForm::parse(given);
  if (!form) return crypto_->verifyPassword(stored, given, consumerOf(doc));
  return form->scheme == Scheme::kSha1 && crypto_->verifySha1(stored, form->value);
}

std::vector<std::string> Protector::formsOf(std::string_view value) const {
  if (StoredForm::parse(value)) return {std::string(value)};
  std::vector<std::string> out{crypto_->digest(value)};
  if (!crypto_->secretId().empty()) out.push_back(crypto_->plainDigest(value));
  auto plain = mode_ == Mode::kPlain ? out.begin() : out.end();
  out.insert(plain, std::string(value));
  return out;
}

std::string Protector::trouble() const {
  std::lock_guard lock(mutex_);
  return !secretTrouble_.empty() ? secretTrouble_ : rowTrouble_;
}

void Protector::setTrouble(std::string text) {
  {
    std::lock_guard lock(mutex_);
    if (secretTrouble_ == text) return;
    secretTrouble_ = text;
  }
  if (report_ && !text.empty()) report_(text);
}

void Protector::forgetForeignForms() {
  foreignIds_.clear();
  std::lock_guard lock(mutex_);
  rowTrouble_.clear();
}

void Protector::noteForeign(const std::string& secretId) {
  if (!foreignIds_.insert(secretId).second) return;
  const std::string& own = crypto_->secretId();
  std::string text = "credentials are kept under the secret " + secretId + ", this node has " +
                     (own.empty() ? std::string("none") : own) +
                     ": their keys are refused and their secrets unusable; give the secret that "
                     "they were made with (credential_secret, credential_secret_file or the file "
                     "credential.secret in the prefix), or create them anew";
  {
    std::lock_guard lock(mutex_);
    rowTrouble_ = text;
  }
  if (report_) report_(text);
}

}  // namespace tollgate::store
