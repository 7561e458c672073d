#include "source/config/vault_references.h"

#include <fmt/format.h>

#include "source/config/document.h"
#include "source/schema/vault_reference.h"

namespace tollgate::config {
namespace {

bool isYes(const std::string& text) { return text == "true" || text == "1" || text == "on"; }

/// Beside what the entity has of problems otherwise.
std::string problemId(const std::string& id) { return id + "@vault"; }

}  // namespace

std::optional<Json> VaultReferences::resolve(const store::Change& change) {
  const auto* schema = schema::EntitySchema::find(change.kind);
  if (schema == nullptr || schema->referenceFields().empty()) return {};
  const Name name{change.kind, change.id};
  if (documents_.erase(name) > 0) problems_.clear(problemId(change.id));
  if (change.op == store::Change::Op::kDelete) return {};
  std::optional<Json> out;
  for (const schema::FieldPath& field : schema->referenceFields()) {
    const std::string* text = field.in(change.doc);
    if (text == nullptr || !schema::isVaultReference(*text)) continue;
    if (!out) out = change.doc;
    auto value = secret(*text);
    if (!value) {
      problems_.add(problemId(change.id),
                    Error::invalid(fmt::format("unable to resolve reference {} ({})", *text,
                                               value.error().message),
                                   fmt::format("{}/{} {}", change.kind, change.id, field.field)));
    }
    field.set(*out, value ? std::move(value).value() : std::string());
  }
  if (out) documents_[name] = change.doc;
  return out;
}

std::vector<store::Change> VaultReferences::applyVault(const store::Change& change) {
  if (change.op == store::Change::Op::kDelete) {
    vaults_.erase(change.id);
  } else {
    static const Json kNone = Json::object();
    auto found = change.doc.find("config");
    const Json& config = found != change.doc.end() && found->is_object() ? *found : kNone;
    const bool own = config.value("prefix", Json()).is_string();
    vaults_[change.id] = {textOf(change.doc, "prefix"), own ? textOf(config, "prefix") : prefix_,
                          flagOf(config, "base64_decode", false)};
  }
  std::vector<store::Change> out;
  for (const auto& [name, doc] : documents_) {
    out.push_back({store::Change::Op::kReplace, name.first, name.second, doc});
  }
  return out;
}

const VaultReferences::Vault* VaultReferences::find(const std::string& prefix) const {
  for (const auto& [id, vault] : vaults_) {
    if (vault.prefix == prefix) return &vault;
  }
  return nullptr;
}

Result<std::string> VaultReferences::secret(std::string_view text) const {
  auto reference = schema::parseVaultReference(text);
  if (!reference) return std::move(reference).error();
  Vault vault{.prefix = {}, .variables = prefix_};
  if (reference->vault != schema::kEnvironmentVault) {
    const Vault* known = find(reference->vault);
    if (known == nullptr) {
      return Error::notFound(fmt::format("could not find vault ({})", reference->vault));
    }
    vault = *known;
  }
  auto option = [&](const char* name) {
    auto given = reference->options.find(name);
    return given != reference->options.end() ? &given->second : nullptr;
  };
  if (const std::string* prefix = option("prefix")) vault.variables = *prefix;
  if (const std::string* base64 = option("base64_decode")) vault.base64 = isYes(*base64);
  return schema::readEnvironment(*reference, vault.variables, vault.base64);
}

}  // namespace tollgate::config
