#include "source/http/filter_plan.h"

#include <algorithm>

namespace tollgate::http {

void FilterPlan::finish() {
  stateBytes = 0;
  hooks = 0;
  wholeRequestBody = 0;
  for (PlanEntry& entry : entries) {
    size_t bytes = 0;
    entry.hooks = 0;
    auto account = [&](const HttpFilter* filter) {
      if (filter == nullptr) return;
      bytes = std::max(bytes, filter->stateBytes());
      entry.hooks |= filter->hooks();
      if (filter->requestBodyNeed() == BodyNeed::kWhole) {
        wholeRequestBody = std::max(wholeRequestBody, filter->requestBodyLimit());
      }
    };
    account(entry.fallback);
    for (auto& [consumer, filter] : entry.variants) account(filter);
    entry.stateOffset = stateBytes;
    stateBytes += static_cast<uint32_t>((bytes + 15) / 16 * 16);
    hooks |= entry.hooks;
  }
}

}  // namespace tollgate::http
