#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "source/config/compiled_consumers.h"
#include "source/config/compiled_kind.h"
#include "source/config/directory.h"

namespace tollgate::config {

/// Key-auth credentials, in the directory.
class CompiledKeys final : public CompiledKind {
 public:
  CompiledKeys(SnapshotDirectory& directory, CompiledConsumers& consumers)
      : directory_(directory), consumers_(consumers) {}

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return byId_.size(); }

  /// Ids of those whose time was over at `now` (Unix seconds).
  std::vector<std::string> expired(int64_t now) const;

 private:
  SnapshotDirectory& directory_;
  CompiledConsumers& consumers_;
  CowSet<KeyEntry, KeyId> byId_;
  std::set<std::pair<int64_t, const KeyEntry*>> ending_;  ///< Those that end, by when.
};

}  // namespace tollgate::config
