#include "source/proxy/filter_chain.h"

#include <algorithm>
#include <cstring>

namespace tollgate::proxy {

void FilterChain::buildAround(Arena& arena, const ListenerFilters& listener,
                              const http::FilterPlan* plan) {
  if (!listener.plugins) plan = nullptr;
  const http::FilterPlan* parts[] = {&listener.before, plan, &listener.after};
  size_t total = 0, stateBytes = 0;
  for (const http::FilterPlan* part : parts) {
    if (part == nullptr) continue;
    total += part->entries.size();
    stateBytes += part->stateBytes;
  }
  if (total == 0) return;
  char* states = makeRoom(arena, total, stateBytes);
  Step* next = steps;
  for (const http::FilterPlan* part : parts) {
    if (part != nullptr) next = add(*part, states, next);
  }
  before = static_cast<uint16_t>(listener.before.entries.size());
  if (plan != nullptr) plugins = static_cast<uint16_t>(plan->entries.size());
}

/// Room for the steps, behind their states, which are zeroed and returned.
char* FilterChain::makeRoom(Arena& arena, size_t total, size_t stateBytes) {
  char* states = static_cast<char*>(arena.allocate(stateBytes + sizeof(Step) * total));
  if (stateBytes > 0) std::memset(states, 0, stateBytes);
  steps = reinterpret_cast<Step*>(states + stateBytes);
  count = static_cast<uint16_t>(total);
  return states;
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

}  // namespace tollgate::proxy
