#include "source/config/directory.h"

#include <atomic>
#include <new>

#include "source/http1/char_span.h"

namespace tollgate::config {

ConsumerEntry::ConsumerEntry(const http::Consumer& consumer) : http::Consumer(consumer) {
  size_t used = 0;
  id = keep(consumer.id, used);
  username = keep(consumer.username, used);
  customId = keep(consumer.customId, used);
  record = keep(consumer.record, used);
  wellFormed =
      http1::isFieldValue(id) && http1::isFieldValue(username) && http1::isFieldValue(customId);
}

Ref<ConsumerEntry> ConsumerEntry::make(const http::Consumer& consumer) {
  size_t bytes = consumer.id.size() + consumer.username.size() + consumer.customId.size() +
                 consumer.record.size();
  return Ref<ConsumerEntry>(new (allocate(bytes)) ConsumerEntry(consumer));
}

KeyEntry::KeyEntry(std::string_view index, const http::KeyCredential& credential)
    : http::KeyCredential(credential) {
  size_t used = 0;
  this->index = keep(index, used);
  id = keep(credential.id, used);
}

Ref<KeyEntry> KeyEntry::make(std::string_view index, const http::KeyCredential& credential) {
  return Ref<KeyEntry>(new (allocate(index.size() + credential.id.size()))
                           KeyEntry(index, credential));
}

CredentialEntry::CredentialEntry(std::string_view id, std::string_view value, uint32_t consumer,
                                 std::unique_ptr<const http::CredentialData> data)
    : owned_(std::move(data)) {
  size_t used = 0;
  this->id = keep(id, used);
  this->value = keep(value, used);
  this->consumer = consumer;
  this->data = owned_.get();
}

Ref<CredentialEntry> CredentialEntry::make(std::string_view id, std::string_view value,
                                           uint32_t consumer,
                                           std::unique_ptr<const http::CredentialData> data) {
  return Ref<CredentialEntry>(new (allocate(id.size() + value.size()))
                                  CredentialEntry(id, value, consumer, std::move(data)));
}

std::shared_ptr<const SnapshotDirectory> SnapshotDirectory::published() const {
  static std::atomic<uint64_t> last{0};
  auto out = std::make_shared<SnapshotDirectory>(*this);
  out->number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return out;
}

http::KeyOwner SnapshotDirectory::findKey(std::string_view key) const {
  if (lookup_ == nullptr) return ownerOf(keys.find(key));
  const Hash128 hash = lookup_->hashOf(key);
  http::KeyOwner owner;
  return lookup_->recallOwner(hash, number_, owner) ? owner : findByDigest(key, hash);
}

http::KeyOwner SnapshotDirectory::findByDigest(std::string_view key, Hash128 hash) const {
  crypto::Sha256 digest;
  if (!lookup_->recallDigest(hash, digest)) digest = lookup_->credentials().lookupDigest(key);
  const KeyEntry* credential =
      keys.find({reinterpret_cast<const char*>(digest.data()), digest.size()});
  const http::KeyOwner owner = ownerOf(credential);
  if (credential != nullptr) lookup_->remember(hash, digest, number_, owner);
  return owner;
}

http::KeyOwner SnapshotDirectory::ownerOf(const KeyEntry* credential) const {
  if (credential == nullptr) return {};
  const http::Consumer* consumer = present(credential->consumer);
  if (consumer == nullptr) return {};
  return {credential, consumer};
}

/// The consumer of a number, if it is there.
const http::Consumer* SnapshotDirectory::present(uint32_t consumer) const {
  const ConsumerEntry* entry = numbered[consumer].get();
  return entry != nullptr && entry->present ? entry : nullptr;
}

http::CredentialOwner SnapshotDirectory::findCredential(size_t kind, std::string_view value) const {
  const CredentialEntry* found =
      kind < credentials.size() ? credentials[kind].find(value) : nullptr;
  const http::Consumer* consumer = found != nullptr ? present(found->consumer) : nullptr;
  if (consumer == nullptr) return {};
  return {found, consumer};
}

const http::ConsumerGroups* SnapshotDirectory::groupsOf(const http::Consumer& consumer) const {
  return groups[static_cast<const ConsumerEntry&>(consumer).number].get();
}

std::string SnapshotDirectory::indexOf(std::string stored) const {
  if (lookup_ == nullptr || stored.empty()) return stored;
  auto digest = lookup_->credentials().lookupDigestOf(stored);
  return digest ? std::string(digest->begin(), digest->end()) : std::string();
}

const http::Consumer* SnapshotDirectory::findConsumerById(std::string_view id) const {
  const ConsumerEntry* found = consumers.find(id);
  return found != nullptr && found->present ? found : nullptr;
}

const http::Consumer* SnapshotDirectory::findConsumerByName(std::string_view username) const {
  return names.find(username);
}

const http::Consumer* SnapshotDirectory::findConsumerByCustomId(std::string_view customId) const {
  return customIds.find(customId);
}

}  // namespace tollgate::config
