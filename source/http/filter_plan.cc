#include "source/http/filter_plan.h"

#include <algorithm>

namespace tollgate::http {

void FilterNeeds::add(const HttpFilter& filter) {
  FilterNeeds needs;
  needs.hooks = filter.hooks();
  needs.stateBytes = filter.stateBytes();
  if (filter.requestBodyPolicy().whole()) needs.bodies |= kWholeRequest;
  if (filter.responseBodyPolicy().whole()) needs.bodies |= kWholeResponse;
  if (filter.destroysState()) needs.bodies |= kKeepsState;
  if (filter.changesBody()) {
    if ((needs.hooks & (kRequestBody | kTrailers)) != 0) needs.bodies |= kChangesRequest;
    if ((needs.hooks & (kResponseBody | kTrailers)) != 0) needs.bodies |= kChangesResponse;
  }
  add(needs);
}

void FilterNeeds::add(const FilterNeeds& other) {
  hooks |= other.hooks;
  bodies |= other.bodies;
  stateBytes = std::max(stateBytes, other.stateBytes);
}

const HttpFilter* PlanEntry::choose(const Consumer* consumer) const {
  if (consumer == nullptr) return fallback;
  if (!variants.empty()) {
    auto found = variants.find(consumer->id);
    if (found != variants.end()) return found->second;
  }
  if (consumersOwn && consumer->filters) {
    if (const HttpFilter* own = consumer->filters->find(name)) return own;
  }
  return fallback;
}

void FilterPlan::finish() {
  stateBytes = 0;
  hooks = 0;
  bodies = 0;
  for (PlanEntry& entry : entries) {
    FilterNeeds needs;
    if (entry.fallback != nullptr) needs.add(*entry.fallback);
    entry.fallbackHooks = needs.hooks;
    const bool forAll = entry.variants.empty() && !entry.consumersOwn;
    entry.settled = forAll ? entry.fallback : nullptr;
    entry.settledHooks = forAll ? entry.fallbackHooks : 0;
    for (auto& [consumer, filter] : entry.variants) needs.add(*filter);
    if (entry.consumersOwn) needs.add(entry.ofConsumers);
    entry.hooks = needs.hooks;
    entry.bodies = needs.bodies;
    entry.stateOffset = stateBytes;
    stateBytes += static_cast<uint32_t>((needs.stateBytes + 15) / 16 * 16);
    hooks |= needs.hooks;
    bodies |= needs.bodies;
  }
}

}  // namespace tollgate::http
