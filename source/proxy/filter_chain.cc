#include "source/proxy/filter_chain.h"

#include <algorithm>
#include <cstring>

namespace tollgate::proxy {

void FilterChain::build(Arena& arena, const ListenerFilters* listener,
                        const http::FilterPlan* plan) {
  if (listener != nullptr && !listener->plugins) plan = nullptr;
  size_t total = plan != nullptr ? plan->entries.size() : 0;
  if (listener != nullptr)
    total += listener->before.entries.size() + listener->after.entries.size();
  if (total == 0) return;
  steps = static_cast<Step*>(arena.allocate(sizeof(Step) * total, alignof(Step)));
  if (listener != nullptr) before = static_cast<uint16_t>(add(arena, listener->before));
  if (plan != nullptr) plugins = static_cast<uint16_t>(add(arena, *plan));
  if (listener != nullptr) add(arena, listener->after);
}

size_t FilterChain::add(Arena& arena, const http::FilterPlan& plan) {
  char* states = nullptr;
  if (plan.stateBytes > 0) {
    states = static_cast<char*>(arena.allocate(plan.stateBytes));
    std::memset(states, 0, plan.stateBytes);
  }
  for (const http::PlanEntry& entry : plan.entries) {
    steps[count++] = {&entry, nullptr, states + entry.stateOffset};
  }
  hooks |= plan.hooks;
  bodies |= plan.bodies;
  wholeRequestBody = std::max(wholeRequestBody, plan.wholeRequestBody);
  wholeResponseBody = std::max(wholeResponseBody, plan.wholeResponseBody);
  return plan.entries.size();
}

void FilterChain::passPlugins() {
  for (; asked < before + plugins; ++asked) steps[asked].filter = steps[asked].entry->fallback;
}

void FilterChain::chooseRest(const http::Consumer* consumer) {
  for (size_t i = asked; i < count; ++i) {
    if (steps[i].filter == nullptr) steps[i].filter = steps[i].entry->choose(consumer);
  }
}

}  // namespace tollgate::proxy
