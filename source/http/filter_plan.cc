#include "source/http/filter_plan.h"

#include <algorithm>

namespace tollgate::http {

void FilterNeeds::add(const HttpFilter& filter) {
  hooks |= filter.hooks();
  stateBytes = std::max(stateBytes, filter.stateBytes());
  if (filter.requestBodyNeed() == BodyNeed::kWhole) {
    wholeRequestBody = std::max(wholeRequestBody, filter.requestBodyLimit());
  }
}

void FilterNeeds::add(const FilterNeeds& other) {
  hooks |= other.hooks;
  stateBytes = std::max(stateBytes, other.stateBytes);
  wholeRequestBody = std::max(wholeRequestBody, other.wholeRequestBody);
}

void FilterPlan::finish() {
  stateBytes = 0;
  hooks = 0;
  wholeRequestBody = 0;
  for (PlanEntry& entry : entries) {
    FilterNeeds needs;
    if (entry.fallback != nullptr) needs.add(*entry.fallback);
    for (auto& [consumer, filter] : entry.variants) needs.add(*filter);
    if (entry.consumersOwn) needs.add(entry.ofConsumers);
    entry.hooks = needs.hooks;
    entry.stateOffset = stateBytes;
    stateBytes += static_cast<uint32_t>((needs.stateBytes + 15) / 16 * 16);
    hooks |= needs.hooks;
    wholeRequestBody = std::max(wholeRequestBody, needs.wholeRequestBody);
  }
}

}  // namespace tollgate::http
