#pragma once

#include <map>
#include <string>
#include <string_view>

#include "source/base/json.h"
#include "source/base/result.h"

/// References to secrets: {vault://<vault>/<resource>[/<key>][?option=value&…][#<version>]}, always
/// the whole text of a field. What is kept and printed is the reference. Pure functions but for
/// what reads the environment, which nobody changes; any thread.
namespace tollgate::schema {

/// The vault that is always there: the environment of the process.
inline constexpr std::string_view kEnvironmentVault = "env";

struct VaultReference {
  std::string vault;     ///< kEnvironmentVault, or the prefix of a vault that is an entity.
  std::string resource;  ///< What the secret is called.
  std::string key;       ///< The member of a secret that is a JSON object; "" for all of it.
  std::map<std::string, std::string> options;  ///< In place of the vault's own.
  unsigned version = 0;                        ///< 2: the one before.
};

bool isVaultReference(std::string_view text);
bool holdsVaultReference(const Json& value);
Result<VaultReference> parseVaultReference(std::string_view text);
/// "" where a reference may be kept: it is well formed, and its vault is none that only other
/// editions have. Else the text of the error.
std::string checkVaultReference(std::string_view text);
/// The secret in the environment; `prefix` (usually of the vault) stands before its name. Errors
/// tell the reason, never a value.
Result<std::string> readEnvironment(const VaultReference& reference, std::string_view prefix,
                                    bool base64Decode);

}  // namespace tollgate::schema
