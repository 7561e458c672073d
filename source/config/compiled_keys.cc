#include "source/config/compiled_keys.h"

#include "source/config/document.h"

namespace tollgate::config {

void CompiledKeys::put(const std::string& id, const Json& doc) {
  remove(id);
  std::string key = directory_.indexOf(textOf(doc, "key"));
  std::string consumer = referenceOf(doc, "consumer");
  if (key.empty() || consumer.empty()) return;
  http::KeyCredential credential;
  credential.id = id;
  credential.expiresAtUnix = numberOf(doc, "ttl_expires_at", 0);
  credential.consumer = consumers_.hold(consumer);
  auto entry = KeyEntry::make(key, credential);
  if (credential.expiresAtUnix > 0) ending_.emplace(credential.expiresAtUnix, entry.get());
  directory_.keys.put(entry);
  byId_.put(std::move(entry));
}

void CompiledKeys::remove(const std::string& id) {
  Ref<const KeyEntry> entry(byId_.find(id));
  if (!entry) return;
  byId_.erase(id);
  if (directory_.keys.find(entry->index) == entry.get()) directory_.keys.erase(entry->index);
  if (entry->expiresAtUnix > 0) ending_.erase({entry->expiresAtUnix, entry.get()});
  consumers_.release(entry->consumer);
}

std::vector<std::string> CompiledKeys::expired(int64_t now) const {
  std::vector<std::string> out;
  for (const auto& [end, entry] : ending_) {
    if (end > now) break;
    out.emplace_back(entry->id);
  }
  return out;
}

}  // namespace tollgate::config
