#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/config/key_lookup.h"
#include "source/http/filter.h"

namespace tollgate::config {

/// Consumers and credentials of one snapshot, by id, by name and by key. Immutable once published.
class SnapshotDirectory final : public http::Directory {
 public:
  /// With `keys`, credentials are known by the digests of their keys; without, by the keys.
  explicit SnapshotDirectory(std::shared_ptr<const KeyLookup> keys = nullptr)
      : lookup_(std::move(keys)) {}

  const http::KeyCredential* findKey(std::string_view key) const override;
  const http::Consumer* findConsumerById(std::string_view id) const override;
  const http::Consumer* findConsumerByName(std::string_view username) const override;

  void add(std::shared_ptr<const http::Consumer> consumer);
  /// `key`: the digest, or the key itself (see the constructor).
  void add(std::string key, http::KeyCredential credential);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  const http::KeyCredential* findBytes(std::string_view bytes) const;
  template <typename V>
  using Map = std::unordered_map<std::string, V, Hash, std::equal_to<>>;
  std::shared_ptr<const KeyLookup> lookup_;
  Map<std::shared_ptr<const http::Consumer>> byId_;
  Map<const http::Consumer*> byName_;
  Map<http::KeyCredential> keys_;
};

}  // namespace tollgate::config
