#include "source/http/filter_plan.h"

#include <algorithm>

namespace tollgate::http {

void FilterPlan::finish() {
  stateBytes = 0;
  hooks = 0;
  bodies = 0;
  wholeRequestBody = wholeResponseBody = 0;
  for (PlanEntry& entry : entries) {
    size_t bytes = 0;
    entry.hooks = entry.bodies = 0;
    auto account = [&](const HttpFilter* filter) {
      if (filter == nullptr) return;
      bytes = std::max(bytes, filter->stateBytes());
      entry.hooks |= filter->hooks();
      if (filter->requestBodyNeed() == BodyNeed::kWhole) {
        wholeRequestBody = std::max(wholeRequestBody, filter->requestBodyLimit());
        entry.bodies |= kWholeRequest;
      }
      if (filter->responseBodyNeed() == BodyNeed::kWhole) {
        wholeResponseBody = std::max(wholeResponseBody, filter->responseBodyLimit());
        entry.bodies |= kWholeResponse;
      }
      if (!filter->changesBody()) return;
      if ((filter->hooks() & kRequestBody) != 0) entry.bodies |= kChangesRequest;
      if ((filter->hooks() & kResponseBody) != 0) entry.bodies |= kChangesResponse;
    };
    account(entry.fallback);
    for (auto& [consumer, filter] : entry.variants) account(filter);
    entry.stateOffset = stateBytes;
    stateBytes += static_cast<uint32_t>((bytes + 15) / 16 * 16);
    hooks |= entry.hooks;
    bodies |= entry.bodies;
  }
}

}  // namespace tollgate::http
