#include "source/config/directory.h"

namespace tollgate::config {

size_t SnapshotDirectory::Hash::operator()(std::string_view text) const {
  return std::hash<std::string_view>()(text);
}

const http::KeyCredential* SnapshotDirectory::findKey(std::string_view key) const {
  if (lookup_ == nullptr) return findBytes(key);
  KeyLookup::Probe probe = lookup_->probe(key);
  const http::KeyCredential* found = findBytes(probe.bytes());
  if (found != nullptr && !probe.remembered) lookup_->remember(probe);
  return found;
}

const http::KeyCredential* SnapshotDirectory::findBytes(std::string_view bytes) const {
  auto found = keys_.find(bytes);
  return found == keys_.end() ? nullptr : &found->second;
}

const http::Consumer* SnapshotDirectory::findConsumerById(std::string_view id) const {
  auto found = byId_.find(id);
  return found == byId_.end() ? nullptr : found->second.get();
}

const http::Consumer* SnapshotDirectory::findConsumerByName(std::string_view username) const {
  auto found = byName_.find(username);
  return found == byName_.end() ? nullptr : found->second;
}

void SnapshotDirectory::add(std::shared_ptr<const http::Consumer> consumer) {
  if (!consumer->username.empty()) byName_[consumer->username] = consumer.get();
  byId_[consumer->id] = std::move(consumer);
}

void SnapshotDirectory::add(std::string key, http::KeyCredential credential) {
  keys_.insert_or_assign(std::move(key), std::move(credential));
}

}  // namespace tollgate::config
