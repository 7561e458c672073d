#include "source/server/setting_references.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/base/trim.h"
#include "source/schema/vault_reference.h"

namespace tollgate::server {
namespace {

Result<std::string> one(std::string_view text, std::string_view prefix) {
  if (!schema::isVaultReference(text)) return std::string(text);
  auto failed = [&](const Error& error) {
    return Error::invalid(fmt::format("failed to dereference '{}': {}", text, error.message));
  };
  auto reference = schema::parseVaultReference(text);
  if (!reference) return failed(reference.error());
  if (reference->vault != schema::kEnvironmentVault) {
    return failed(
        Error::notFound(fmt::format("could not find vault ({}); settings are read from "
                                    "the vault env only",
                                    reference->vault)));
  }
  auto own = reference->options.find("prefix");
  auto secret = schema::readEnvironment(
      *reference, own != reference->options.end() ? std::string_view(own->second) : prefix, false);
  if (!secret) return failed(secret.error());
  return secret;
}

}  // namespace

Result<std::string> dereference(std::string_view value, bool isList, std::string_view prefix) {
  if (!isList) return one(value, prefix);
  std::string out;
  for (bool first = true; first || !value.empty(); first = false) {
    const size_t end = std::min(value.find(','), value.size());
    auto item = one(trimmed(value.substr(0, end)), prefix);
    if (!item) return item;
    out += (first ? "" : ",") + *item;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return out;
}

}  // namespace tollgate::server
