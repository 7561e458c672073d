#include "source/proxy/filter_chain.h"

#include <algorithm>
#include <cstring>

namespace tollgate::proxy {

void FilterChain::build(Arena& arena, const ListenerFilters* listener,
                        const http::FilterPlan* plan) {
  if (listener != nullptr && !listener->plugins) plan = nullptr;
  if (listener == nullptr && (plan == nullptr || plan->entries.empty())) return;
  const http::FilterPlan* parts[] = {listener != nullptr ? &listener->before : nullptr, plan,
                                     listener != nullptr ? &listener->after : nullptr};
  size_t total = 0, stateBytes = 0;
  for (const http::FilterPlan* part : parts) {
    if (part == nullptr) continue;
    total += part->entries.size();
    stateBytes += part->stateBytes;
  }
  if (total == 0) return;
  char* states = static_cast<char*>(arena.allocate(stateBytes + sizeof(Step) * total));
  std::memset(states, 0, stateBytes);
  steps = reinterpret_cast<Step*>(states + stateBytes);
  Step* next = steps;
  for (const http::FilterPlan* part : parts) {
    if (part != nullptr) next = add(*part, states, next);
  }
  if (listener != nullptr) before = static_cast<uint16_t>(listener->before.entries.size());
  if (plan != nullptr) plugins = static_cast<uint16_t>(plan->entries.size());
  count = static_cast<uint16_t>(total);
}

/// Writes the steps of a plan, whose states begin at `states`; both are moved behind it.
FilterChain::Step* FilterChain::add(const http::FilterPlan& plan, char*& states, Step* next) {
  for (const http::PlanEntry& entry : plan.entries) {
    *next++ = {&entry, nullptr, states + entry.stateOffset, 0};
  }
  states += plan.stateBytes;
  hooks |= plan.hooks;
  bodies |= plan.bodies;
  wholeRequestBody = std::max(wholeRequestBody, plan.wholeRequestBody);
  wholeResponseBody = std::max(wholeResponseBody, plan.wholeResponseBody);
  return next;
}

void FilterChain::passPlugins() {
  for (; asked < before + plugins; ++asked) steps[asked].take(steps[asked].entry->fallback);
}

void FilterChain::chooseRest(const http::Consumer* consumer) {
  for (size_t i = asked; i < count; ++i) {
    if (steps[i].filter == nullptr) steps[i].choose(consumer);
  }
}

}  // namespace tollgate::proxy
