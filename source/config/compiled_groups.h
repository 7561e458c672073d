#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "source/config/compiled_consumers.h"
#include "source/config/compiled_kind.h"
#include "source/config/directory.h"

namespace tollgate::config {

/// The groups of consumers (the kind `acls`), in the directory.
class CompiledGroups final : public CompiledKind {
 public:
  CompiledGroups(SnapshotDirectory& directory, CompiledConsumers& consumers)
      : directory_(directory), consumers_(consumers) {}

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return consumerOf_.size(); }

 private:
  using Rows = std::map<std::string, std::string>;  ///< Groups by the ids of their entities.
  void publish(uint32_t consumer, const Rows& rows);

  SnapshotDirectory& directory_;
  CompiledConsumers& consumers_;
  std::unordered_map<std::string, uint32_t> consumerOf_;  ///< By the ids of the entities.
  std::unordered_map<uint32_t, Rows> rows_;               ///< By the number of the consumer.
};

}  // namespace tollgate::config
