#include "source/config/compiled_consumers.h"

#include "source/config/document.h"

namespace tollgate::config {

void CompiledConsumers::put(const std::string& id, const Json& doc) {
  const ConsumerEntry* old = directory_.consumers.find(id);
  if (old == nullptr || !old->present) ++size_;
  std::string username = textOf(doc, "username"), customId = textOf(doc, "custom_id");
  http::Consumer consumer{id, username, customId, {}};
  std::string record;
  if (keepsRecords_) record = recordMembers(doc, {"id", "username", "custom_id"});
  consumer.record = record;
  if (old != nullptr) consumer.filters = old->filters;
  replace(old, ConsumerEntry::make(consumer));
}

void CompiledConsumers::remove(const std::string& id) {
  const ConsumerEntry* old = directory_.consumers.find(id);
  if (old == nullptr || !old->present) return;
  --size_;
  auto absent = ConsumerEntry::make({id, {}, {}, old->filters});
  absent->present = false;
  replace(old, absent);
  if (absent->holders == 0) forget(*absent);
}

uint32_t CompiledConsumers::hold(std::string_view id) {
  const ConsumerEntry* entry = directory_.consumers.find(id);
  if (entry == nullptr) {
    auto absent = ConsumerEntry::make({id, {}, {}, {}});
    absent->present = false;
    entry = absent.get();
    replace(nullptr, std::move(absent));
  }
  ++entry->holders;
  return entry->number;
}

void CompiledConsumers::release(uint32_t number) {
  const ConsumerEntry* entry = directory_.numbered[number].get();
  if (entry != nullptr && --entry->holders == 0 && !entry->present) forget(*entry);
}

void CompiledConsumers::setFilters(uint32_t number, Ref<const http::ConsumerFilters> filters) {
  const ConsumerEntry* old = directory_.numbered[number].get();
  http::Consumer edited = *old;
  edited.filters = std::move(filters);
  auto fresh = ConsumerEntry::make(edited);
  fresh->present = old->present;
  replace(old, std::move(fresh));
}

/// Puts `fresh` in the place of `old` (which may be null), with its number and its holders.
void CompiledConsumers::replace(const ConsumerEntry* old, Ref<ConsumerEntry> fresh) {
  Ref<const ConsumerEntry> kept(old);  // until it is out of every index
  fresh->number = old != nullptr ? old->number : takeNumber();
  fresh->holders = old != nullptr ? old->holders : 0;
  if (old != nullptr && directory_.names.find(old->username) == old) {
    directory_.names.erase(old->username);
  }
  if (old != nullptr && directory_.customIds.find(old->customId) == old) {
    directory_.customIds.erase(old->customId);
  }
  if (fresh->present && !fresh->username.empty()) directory_.names.put(fresh);
  if (fresh->present && !fresh->customId.empty()) directory_.customIds.put(fresh);
  directory_.numbered.edit(fresh->number) = fresh;
  directory_.consumers.put(std::move(fresh));
}

void CompiledConsumers::forget(const ConsumerEntry& entry) {
  free_.push_back(entry.number);
  directory_.numbered.edit(entry.number) = {};
  directory_.consumers.erase(entry.id);
}

uint32_t CompiledConsumers::takeNumber() {
  if (free_.empty()) return ++last_;
  uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

}  // namespace tollgate::config
