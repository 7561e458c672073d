#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/json.h"
#include "source/base/ref.h"
#include "source/base/uuid.h"

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
  bool wellFormed = false;       ///< All three texts are known to be fit for header fields.
  std::string_view record = {};  ///< What else it has, for logs: members of a JSON object.
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

/// What a filter makes of a credential's document when that is compiled: a parsed key, say.
/// Immutable; any thread.
class CredentialData {
 public:
  virtual ~CredentialData() = default;
};

/// A credential of a kind that a filter has declared, found by the unique field that its schema
/// names (EntitySchema::foundBy). Immutable, owned by the snapshot.
struct Credential {
  std::string_view id;
  std::string_view value;                ///< By which it is found: a user name, the key of a token.
  uint32_t consumer = 0;                 ///< The number of its consumer in the directory.
  const CredentialData* data = nullptr;  ///< Of the type that the kind's filter has declared.
};

/// A credential with the consumer that it lets in; both or neither.
struct CredentialOwner {
  const Credential* credential = nullptr;
  const Consumer* consumer = nullptr;
};

/// The kinds of credentials that filters of this build look up. Filled at start, by
/// filters::registerHttpFilters(), before other threads are; constant then.
class CredentialKinds {
 public:
  using Read = std::unique_ptr<const CredentialData> (*)(const Json& doc);
  struct Entry {
    std::string name;  ///< "jwt_secrets"
    Read read;
  };
  static void add(std::string_view name, Read read);
  /// A kind's number is its place here.
  static const std::vector<Entry>& all();
  /// Of a kind that was added; kNone of another one.
  static size_t numberOf(std::string_view name);
  static constexpr size_t kNone = SIZE_MAX;
};

/// The groups of a consumer, in the order of their entities' ids. Immutable.
struct ConsumerGroups : RefCounted<ConsumerGroups> {
  std::vector<std::string> names;
  std::string joined;       ///< "a, b"
  bool wellFormed = false;  ///< `joined` is fit for a header field.
};

/// Consumers and credentials of the snapshot that an exchange runs under; any worker, lock-free.
class Directory {
 public:
  virtual ~Directory() = default;
  /// A credential whose consumer is gone counts as unknown.
  virtual KeyOwner findKey(std::string_view key) const = 0;
  virtual const Consumer* findConsumerById(std::string_view id) const = 0;
  virtual const Consumer* findConsumerByName(std::string_view username) const = 0;
  virtual const Consumer* findConsumerByCustomId(std::string_view customId) const {
    return nullptr;
  }
  /// By id where it looks like one, else or then by name.
  const Consumer* findConsumer(std::string_view idOrName) const {
    const Consumer* found = isUuid(idOrName) ? findConsumerById(idOrName) : nullptr;
    return found != nullptr ? found : findConsumerByName(idOrName);
  }
  /// `kind`: a number of CredentialKinds. A credential whose consumer is gone counts as unknown.
  virtual CredentialOwner findCredential(size_t kind, std::string_view value) const { return {}; }
  /// nullptr where it has none. `consumer` is one of this directory.
  virtual const ConsumerGroups* groupsOf(const Consumer& consumer) const { return nullptr; }
};

}  // namespace tollgate::http
