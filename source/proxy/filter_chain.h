#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "source/base/arena.h"
#include "source/http/filter_plan.h"

namespace tollgate::proxy {

/// The HTTP filters that a listener's chain names around the plugins of the routes. Immutable,
/// shared by the connections of the listener, which it outlives.
struct ListenerFilters {
  http::FilterPlan before;  ///< Written before `plugins`.
  http::FilterPlan after;   ///< Written after it.
  bool plugins = true;      ///< False: the chain does not name `plugins`, so none run.
  std::vector<std::shared_ptr<const http::HttpFilter>> owned;
};

/// The filters of one exchange: the listener's, then the route's plugins, then the listener's that
/// stand after those. The response passes the listener's filters in reverse and the plugins in
/// their own order between them. Lives in the exchange's arena; empty where there is no filter.
struct FilterChain {
  struct Step {
    const http::PlanEntry* entry;
    /// Chosen when the step's turn comes, where an earlier filter may find the consumer that
    /// selects it.
    const http::HttpFilter* filter;
    http::StateSlot state;
    uint8_t hooks;  ///< Of `filter`; 0 while there is none.

    void choose(const http::Consumer* consumer) {
      if (filter == nullptr) take(entry->choose(consumer));
    }
    /// False if the step has no filter, or one that does not use the body so (BodyUse).
    bool mayNeed(uint8_t use) const { return (entry->bodies & use) != 0 && filter != nullptr; }
    void take(const http::HttpFilter* chosen) {
      filter = chosen;
      if (chosen == entry->fallback) {
        hooks = entry->fallbackHooks;
      } else if (chosen != nullptr) {
        hooks = chosen->hooks();
      }
    }
  };
  /// The hooks that a response has to be held for.
  static constexpr uint8_t kResponseHooks =
      http::kResponseHeaders | http::kResponseBody | http::kTrailers;
  /// The hooks that a body has to pass.
  static constexpr uint8_t kRequestBodyHooks = http::kRequestBody | http::kTrailers;
  static constexpr uint8_t kResponseBodyHooks = http::kResponseBody | http::kTrailers;

  Step* steps = nullptr;
  const http::PlanEntry* current = nullptr;  ///< Whose hook was called last.
  uint16_t count = 0;
  uint16_t before = 0;   ///< Steps in front of the plugins.
  uint16_t plugins = 0;  ///< Steps of plugins.
  uint16_t asked = 0;    ///< Steps whose request-header hook has had its turn.
  uint16_t told = 0;     ///< Steps, in response order, whose response-header hook has had it.
  uint8_t hooks = 0;
  uint8_t bodies = 0;

  /// `listener` and `plan` may be null.
  void build(Arena& arena, const ListenerFilters* listener, const http::FilterPlan* plan) {
    if (listener != nullptr) return buildAround(arena, *listener, plan);
    if (plan == nullptr || plan->entries.empty()) return;
    std::byte* states = makeRoom(arena, plan->entries.size(), plan->stateBytes);
    lay(*plan, states, steps);
    plugins = count;
    hooks = plan->hooks;
    bodies = plan->bodies;
  }
  /// Of a request that no route takes: the plugins see the response only, each in the
  /// configuration for everybody.
  void passPlugins();
  /// What never had its turn takes part in the response all the same.
  void chooseRest(const http::Consumer* consumer) {
    for (size_t i = asked; i < count; ++i) steps[i].choose(consumer);
  }

  /// To be called once no hook will be.
  void destroyStates() {
    if ((bodies & http::kKeepsState) == 0) return;
    for (size_t i = 0; i < count; ++i) {
      if (steps[i].filter != nullptr) steps[i].filter->destroyState(steps[i].state);
    }
  }

  bool holdsResponses() const {
    return (hooks & kResponseHooks) != 0 || (bodies & http::kWholeResponse) != 0;
  }
  Step& inResponseOrder(size_t index) {
    if (plugins == count) return steps[index];  // as mostly
    size_t after = count - before - plugins;
    if (index < after) return steps[count - 1 - index];
    index -= after;
    return index < plugins ? steps[before + index] : steps[count - 1 - after - index];
  }

 private:
  void buildAround(Arena& arena, const ListenerFilters& listener, const http::FilterPlan* plan);
  /// Room for the steps, behind that for their states, which is returned.
  std::byte* makeRoom(Arena& arena, size_t total, size_t stateBytes) {
    auto* states = static_cast<std::byte*>(arena.allocate(stateBytes + sizeof(Step) * total));
    steps = reinterpret_cast<Step*>(states + stateBytes);
    count = static_cast<uint16_t>(total);
    return states;
  }
  /// Writes the steps of a plan from `next` on, whose states begin at `states`.
  static void lay(const http::FilterPlan& plan, std::byte* states, Step* next) {
    for (const http::PlanEntry& entry : plan.entries) {
      *next++ = {&entry, entry.settled, http::StateSlot(states + entry.stateOffset),
                 entry.settledHooks};
    }
  }
};

}  // namespace tollgate::proxy
