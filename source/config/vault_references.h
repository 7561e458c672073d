#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/store/store.h"

namespace tollgate::config {

/// The documents that refer to secrets ({vault://…}), and the vaults in which those are. What the
/// data path is made of has the secrets; what is kept and printed never does. A reference that
/// cannot be resolved leaves its field empty, and is a problem. Control thread.
class VaultReferences {
 public:
  /// `prefix` stands before the names of secrets in the environment, unless the reference says
  /// otherwise.
  VaultReferences(Problems& problems, std::string prefix)
      : problems_(problems), prefix_(std::move(prefix)) {}

  /// The document of a change with its references resolved; nothing where it has none.
  std::optional<Json> resolve(const store::Change& change);
  /// Takes a vault up or away, and gives what has to be resolved anew.
  std::vector<store::Change> applyVault(const store::Change& change);

 private:
  using Name = std::pair<std::string, std::string>;  ///< Kind and id.
  struct Vault {
    std::string prefix;     ///< By which references call it.
    std::string variables;  ///< What stands before the names of variables.
    bool base64 = false;
  };

  Result<std::string> secret(std::string_view text) const;
  const Vault* find(const std::string& prefix) const;

  Problems& problems_;
  const std::string prefix_;
  std::map<std::string, Vault> vaults_;  ///< By id.
  std::map<Name, Json> documents_;       ///< As they are kept.
};

}  // namespace tollgate::config
