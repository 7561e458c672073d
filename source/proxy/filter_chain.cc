#include "source/proxy/filter_chain.h"

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
  std::byte* states = makeRoom(arena, total, stateBytes);
  Step* next = steps;
  for (const http::FilterPlan* part : parts) {
    if (part == nullptr) continue;
    lay(*part, states, next);
    next += part->entries.size();
    states += part->stateBytes;
    hooks |= part->hooks;
    bodies |= part->bodies;
  }
  before = static_cast<uint16_t>(listener.before.entries.size());
  if (plan != nullptr) plugins = static_cast<uint16_t>(plan->entries.size());
}

void FilterChain::passPlugins() {
  for (; asked < before + plugins; ++asked) steps[asked].take(steps[asked].entry->fallback);
}

}  // namespace tollgate::proxy
