#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/ref.h"

/// Who may ask: consumers and credentials as filters see them.
namespace tollgate::http {

class HttpFilter;

/// The filters that a consumer gets on whatever route, by their names. Immutable.
struct ConsumerFilters : RefCounted<ConsumerFilters> {
  std::vector<std::pair<std::string, std::shared_ptr<const HttpFilter>>> entries;

  const HttpFilter* find(std::string_view name) const {
    for (const auto& [own, filter] : entries) {
      if (own == name) return filter.get();
    }
    return nullptr;
  }
};

/// A consumer as filters see it. Immutable, owned by the snapshot.
struct Consumer {
  std::string_view id;
  std::string_view username;  ///< "" if unset
  std::string_view customId;  ///< "" if unset
  Ref<const ConsumerFilters> filters;
  bool wellFormed = false;  ///< All three texts are known to be fit for header fields.
};

/// A key-auth credential, found by key.
struct KeyCredential {
  std::string_view id;
  int64_t expiresAtUnix = 0;  ///< 0: never
  uint32_t consumer = 0;      ///< The number of its consumer in the directory.
};

/// A credential with the consumer that it lets in; both or neither.
struct KeyOwner {
  const KeyCredential* credential = nullptr;
  const Consumer* consumer = nullptr;
};

/// Consumers and credentials of the snapshot that an exchange runs under; any worker, lock-free.
class Directory {
 public:
  virtual ~Directory() = default;
  /// A credential whose consumer is gone counts as unknown.
  virtual KeyOwner findKey(std::string_view key) const = 0;
  virtual const Consumer* findConsumerById(std::string_view id) const = 0;
  virtual const Consumer* findConsumerByName(std::string_view username) const = 0;
};

}  // namespace tollgate::http
