#pragma once

#include <string>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/config/directory.h"

namespace tollgate::config {

/// Consumers, in the directory. Whatever names a consumer (credentials, plugins) holds its number,
/// whether it is there or not.
class CompiledConsumers final : public CompiledKind {
 public:
  explicit CompiledConsumers(SnapshotDirectory& directory) : directory_(directory) {}

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return size_; }

  /// The number of a consumer for as long as it is held.
  uint32_t hold(std::string_view id);
  void release(uint32_t number);
  /// Filters that the consumer gets on any route; held consumers only. Null for none.
  void setFilters(uint32_t number, Ref<const http::ConsumerFilters> filters);

 private:
  void replace(const ConsumerEntry* old, Ref<ConsumerEntry> fresh);
  void forget(const ConsumerEntry& entry);
  uint32_t takeNumber();

  SnapshotDirectory& directory_;
  std::vector<uint32_t> free_;
  uint32_t last_ = 0;
  size_t size_ = 0;
};

}  // namespace tollgate::config
