#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/ascii.h"
#include "source/base/cow_set.h"
#include "source/base/cow_vector.h"
#include "source/base/ref.h"
#include "source/config/key_lookup.h"
#include "source/http/filter.h"

namespace tollgate::config {

/// An object with the texts that it refers to behind it, in one piece of memory.
template <typename T>
class WithTexts : public RefCounted<T> {
 public:
  void operator delete(void* memory) { ::operator delete(memory); }

 protected:
  static void* allocate(size_t textBytes) { return ::operator new(sizeof(T) + textBytes); }
  /// Copies a text behind the object; `used` counts the bytes there.
  std::string_view keep(std::string_view text, size_t& used) {
    char* place = reinterpret_cast<char*>(static_cast<T*>(this) + 1) + used;
    text.copy(place, text.size());
    used += text.size();
    return {place, text.size()};
  }
};

/// A consumer, or the place of one that credentials name but that is not (or not yet) there.
class ConsumerEntry final : public WithTexts<ConsumerEntry>, public http::Consumer {
 public:
  static Ref<ConsumerEntry> make(const http::Consumer& consumer);

  bool present = true;
  uint32_t number = 0;           ///< Of the directory's table of consumers.
  mutable uint32_t holders = 0;  ///< Credentials that name it. Control thread only.

 private:
  explicit ConsumerEntry(const http::Consumer& consumer);
};

class KeyEntry final : public WithTexts<KeyEntry>, public http::KeyCredential {
 public:
  static Ref<KeyEntry> make(std::string_view index, const http::KeyCredential& credential);

  std::string_view index;  ///< See SnapshotDirectory::indexOf.

 private:
  KeyEntry(std::string_view index, const http::KeyCredential& credential);
};

/// A credential of a kind in http::CredentialKinds.
class CredentialEntry final : public WithTexts<CredentialEntry>, public http::Credential {
 public:
  static Ref<CredentialEntry> make(std::string_view id, std::string_view value, uint32_t consumer,
                                   std::unique_ptr<const http::CredentialData> data);

 private:
  CredentialEntry(std::string_view id, std::string_view value, uint32_t consumer,
                  std::unique_ptr<const http::CredentialData> data);

  std::unique_ptr<const http::CredentialData> owned_;
};

struct CredentialId {
  static std::string_view of(const CredentialEntry& credential) { return credential.id; }
};
struct CredentialValue {
  static std::string_view of(const CredentialEntry& credential) { return credential.value; }
};
struct ConsumerId {
  static std::string_view of(const ConsumerEntry& consumer) { return consumer.id; }
};
struct ConsumerName {
  static std::string_view of(const ConsumerEntry& consumer) { return consumer.username; }
};
struct ConsumerCustomId {
  static std::string_view of(const ConsumerEntry& consumer) { return consumer.customId; }
};
struct KeyIndex {
  static std::string_view of(const KeyEntry& key) { return key.index; }
};
/// Digests are as good as random: their first bytes are the hash.
struct KeyIndexHash {
  uint64_t operator()(std::string_view index) const {
    return index.size() == sizeof(crypto::Sha256) ? loadWord(index.data()) : TextHash()(index);
  }
};
struct KeyId {
  static std::string_view of(const KeyEntry& key) { return key.id; }
};

/// Consumers and credentials of one snapshot: by id, by name, by key. Copies share structure (see
/// CowSet): one is filled, and published() gives what requests use. Look-ups allocate nothing.
class SnapshotDirectory final : public http::Directory {
 public:
  /// With `lookup`, credentials are known by the digests of their keys; without, by the keys.
  explicit SnapshotDirectory(std::shared_ptr<const KeyLookup> lookup = nullptr)
      : credentials(http::CredentialKinds::all().size()), lookup_(std::move(lookup)) {}

  /// A copy that will not be changed any more.
  std::shared_ptr<const SnapshotDirectory> published() const;

  http::KeyOwner findKey(std::string_view key) const override;
  const http::Consumer* findConsumerById(std::string_view id) const override;
  const http::Consumer* findConsumerByName(std::string_view username) const override;
  const http::Consumer* findConsumerByCustomId(std::string_view customId) const override;
  http::CredentialOwner findCredential(size_t kind, std::string_view value) const override;
  const http::ConsumerGroups* groupsOf(const http::Consumer& consumer) const override;

  /// By what the directory knows a key that a store keeps as `stored`: findKey() makes the same of
  /// a client's key. "" where nobody can have it.
  std::string indexOf(std::string stored) const;

  // Filled by CompiledConsumers, CompiledKeys, CompiledCredentials and CompiledGroups; not changed
  // once published.
  CowSet<ConsumerEntry, ConsumerId> consumers;
  CowSet<ConsumerEntry, ConsumerName> names;
  CowVector<Ref<const ConsumerEntry>> numbered;
  CowSet<ConsumerEntry, ConsumerCustomId> customIds;
  CowSet<KeyEntry, KeyIndex, KeyIndexHash> keys;
  /// By the number of their kind.
  std::vector<CowSet<CredentialEntry, CredentialValue>> credentials;
  CowVector<Ref<const http::ConsumerGroups>> groups;  ///< By the number of the consumer.

 private:
  const http::Consumer* present(uint32_t consumer) const;
  http::KeyOwner ownerOf(const KeyEntry* credential) const;
  http::KeyOwner findByDigest(std::string_view key, Hash128 hash) const;

  std::shared_ptr<const KeyLookup> lookup_;
  uint64_t number_ = KeyLookup::kUnpublished;  ///< Of no other directory of this process.
};

}  // namespace tollgate::config
