#include "source/schema/vault_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "source/base/percent.h"
#include "source/crypto/base64.h"
#include "source/schema/characters.h"
#include "source/schema/json_text.h"

namespace tollgate::schema {
namespace {

constexpr std::string_view kBegin = "{vault://";
/// Vaults of Kong's commercial edition.
constexpr std::string_view kElsewhere[] = {"aws", "azure", "conjur", "gcp", "hcv"};

/// Cuts `text` at the first `mark` and gives what stood behind it.
std::string_view cutBehind(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  std::string_view behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

std::map<std::string, std::string> optionsOf(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    std::string_view name = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(name.size() + 1, query.size()));
    std::string_view value = cutBehind(name, '=');
    out[decodedPercent(name, Plus::kItself)] = decodedPercent(value, Plus::kItself);
  }
  return out;
}

/// One segment is the resource; of several the last is the key, unless a slash ends the path.
void readPath(std::string_view path, VaultReference& out) {
  const size_t slash = path.rfind('/');
  if (slash == path.size() - 1) path.remove_suffix(1);
  const bool keyed = slash != std::string_view::npos && slash < path.size();
  out.resource = decodedPercent(path.substr(0, keyed ? slash : path.size()), Plus::kItself);
  if (keyed) out.key = decodedPercent(path.substr(slash + 1), Plus::kItself);
}

Result<std::string> memberOf(const std::string& secret, const std::string& key) {
  const Json object = parseJson(secret);
  if (!object.is_object()) return Error::invalid("the value is not a JSON object");
  auto member = object.find(key);
  if (member == object.end()) {
    return Error::notFound(fmt::format("subfield {} not found in JSON secret", key));
  }
  if (member->is_string()) return member->get<std::string>();
  return Error::invalid(
      fmt::format("unexpected {} value in JSON secret for subfield {}", member->type_name(), key));
}

}  // namespace

bool isVaultReference(std::string_view text) {
  return text.starts_with(kBegin) && text.ends_with('}');
}

bool holdsVaultReference(const Json& value) {
  return value.is_string() && isVaultReference(value.get_ref<const std::string&>());
}

Result<VaultReference> parseVaultReference(std::string_view text) {
  auto wrong = [&](const char* what) { return Error::invalid(fmt::format("{} [{}]", what, text)); };
  if (!isVaultReference(text)) return wrong("not a reference");
  std::string_view rest = text.substr(kBegin.size());
  rest.remove_suffix(1);
  VaultReference out;
  const bool versioned = rest.find('#') != std::string_view::npos;
  const std::string_view version = cutBehind(rest, '#');
  if (versioned) {
    const char* end = version.data() + version.size();
    auto [stopped, error] = std::from_chars(version.data(), end, out.version);
    if (error != std::errc() || stopped != end) return wrong("reference url has invalid version");
  }
  out.options = optionsOf(cutBehind(rest, '?'));
  const bool pathed = rest.find('/') != std::string_view::npos;
  const std::string_view path = cutBehind(rest, '/');
  out.vault = std::string(rest);
  if (out.vault.empty()) return wrong("reference url is missing host");
  if (!pathed) return wrong("reference url is missing path");
  if (path.empty() || path == "/") return wrong("reference url has empty path");
  readPath(path, out);
  if (out.resource.empty()) return wrong("reference url has invalid path");
  return out;
}

std::string checkVaultReference(std::string_view text) {
  auto reference = parseVaultReference(text);
  if (!reference) return reference.error().message;
  if (std::find(std::begin(kElsewhere), std::end(kElsewhere), reference->vault) ==
      std::end(kElsewhere)) {
    return "";
  }
  return fmt::format(
      "vault '{}' is not installed; use {{vault://env/NAME}} to read the variable NAME",
      reference->vault);
}

Result<std::string> readEnvironment(const VaultReference& reference, std::string_view prefix,
                                    bool base64Decode) {
  std::string name = std::string(prefix) + reference.resource;
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  if (reference.version == 2) name += "_PREVIOUS";
  const char* found = std::getenv(name.c_str());
  if (found == nullptr) {
    return Error::notFound(
        fmt::format("no value found: the variable {} is not set in the environment", name));
  }
  std::string value = found;
  if (base64Decode) {
    auto plain = crypto::decodeAnyBase64(value);
    if (!plain) return Error::invalid("the value is not base64");
    value = std::move(plain).value();
  }
  return reference.key.empty() ? Result<std::string>(std::move(value))
                               : memberOf(value, reference.key);
}

}  // namespace tollgate::schema
