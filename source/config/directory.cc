#include "source/config/directory.h"

#include <new>

#include "source/http1/char_span.h"

namespace tollgate::config {

ConsumerEntry::ConsumerEntry(const http::Consumer& consumer) : http::Consumer(consumer) {
  size_t used = 0;
  id = keep(consumer.id, used);
  username = keep(consumer.username, used);
  customId = keep(consumer.customId, used);
  wellFormed = http1::isFieldValue(id) && http1::isFieldValue(username) &&
               http1::isFieldValue(customId);
}

Ref<ConsumerEntry> ConsumerEntry::make(const http::Consumer& consumer) {
  size_t bytes = consumer.id.size() + consumer.username.size() + consumer.customId.size();
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

inline const KeyEntry* SnapshotDirectory::findEntry(std::string_view key) const {
  if (lookup_ == nullptr) return keys.find(key);
  const KeyLookup::Probe probe = lookup_->probe(key);
  const KeyEntry* found = keys.find(probe.bytes());
  if (found != nullptr && !probe.remembered) lookup_->remember(probe);
  return found;
}

inline const ConsumerEntry* SnapshotDirectory::consumerOf(uint32_t number) const {
  const ConsumerEntry* found = numbered[number].get();
  return found != nullptr && found->present ? found : nullptr;
}

http::KeyOwner SnapshotDirectory::findKey(std::string_view key) const {
  const KeyEntry* credential = findEntry(key);
  if (credential == nullptr) return {};
  const ConsumerEntry* consumer = consumerOf(credential->consumer);
  if (consumer == nullptr) return {};
  return {credential, consumer};
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

}  // namespace tollgate::config
