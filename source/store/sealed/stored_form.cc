#include "source/store/sealed/stored_form.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "source/base/hex.h"
#include "source/crypto/base64.h"

namespace tollgate::store {
namespace {

using Scheme = StoredForm::Scheme;

constexpr size_t kDigestBytes = 32;
constexpr size_t kSecretIdChars = 16;
constexpr size_t kSha1Chars = 40;

struct Name {
  Scheme scheme;
  std::string_view text;
  size_t parts;
};
constexpr Name kNames[] = {{Scheme::kKeyedDigest, "hmac-sha256", 2},
                           {Scheme::kPlainDigest, "sha256", 1},
                           {Scheme::kPassword, "scrypt", 3},
                           {Scheme::kSha1Password, "scrypt-sha1", 3},
                           {Scheme::kSha1, "sha1", 1},
                           {Scheme::kSealed, "xchacha20-poly1305", 2}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

bool readNumber(std::string_view text, int& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out > 0;
}

bool readCost(std::string_view text, StoredForm& form) {
  auto numbers = split(text, ',');
  return numbers.size() == 3 && readNumber(numbers[0], form.logCost) &&
         readNumber(numbers[1], form.blockSize) && readNumber(numbers[2], form.parallel);
}

std::string encoded(std::string_view bytes) {
  return crypto::encodeBase64(bytes, crypto::Base64::kUrl);
}

bool readBytes(std::string_view text, std::string& out) {
  auto bytes = crypto::decodeBase64(text, crypto::Base64::kUrl);
  if (!bytes || bytes->empty()) return false;
  out = std::move(bytes).value();
  return true;
}

}  // namespace

std::optional<StoredForm> StoredForm::parse(std::string_view text) {
  if (!hasStoredFormMark(text)) return {};
  auto parts = split(text.substr(kStoredFormMark.size()), '$');
  const auto* name = std::find_if(std::begin(kNames), std::end(kNames),
                                  [&](const Name& n) { return n.text == parts[0]; });
  if (name == std::end(kNames) || parts.size() != name->parts + 1) return {};
  StoredForm form;
  form.scheme = name->scheme;
  if (form.scheme == Scheme::kSha1) {
    form.value = parts[1];
    return isLowerHex(form.value, kSha1Chars) ? std::optional(form) : std::nullopt;
  }
  if (!readBytes(parts.back(), form.value)) return {};
  bool keyed = form.scheme == Scheme::kKeyedDigest || form.scheme == Scheme::kSealed;
  if (keyed) {
    if (!isLowerHex(parts[1], kSecretIdChars)) return {};
    form.secretId = parts[1];
  }
  if (form.scheme == Scheme::kPassword || form.scheme == Scheme::kSha1Password) {
    if (!readCost(parts[1], form) || !readBytes(parts[2], form.salt)) return {};
  }
  if (form.scheme != Scheme::kSealed && form.value.size() != kDigestBytes) return {};
  return form;
}

std::string StoredForm::print() const {
  const auto* name = std::find_if(std::begin(kNames), std::end(kNames),
                                  [&](const Name& n) { return n.scheme == scheme; });
  std::string out = std::string(kStoredFormMark) + std::string(name->text) + "$";
  switch (scheme) {
    case Scheme::kKeyedDigest:
    case Scheme::kSealed:
      return out + secretId + "$" + encoded(value);
    case Scheme::kPassword:
    case Scheme::kSha1Password:
      return out + std::to_string(logCost) + "," + std::to_string(blockSize) + "," +
             std::to_string(parallel) + "$" + encoded(salt) + "$" + encoded(value);
    case Scheme::kSha1:
      return out + value;
    case Scheme::kPlainDigest:
      break;
  }
  return out + encoded(value);
}

std::string sha1Form(std::string_view hex) {
  StoredForm form;
  form.scheme = Scheme::kSha1;
  form.value = hex;
  return form.print();
}

}  // namespace tollgate::store
