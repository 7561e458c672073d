#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/http/filter.h"

namespace tollgate::http {

/// What the filters of a plan need of the bodies, and after them; bits.
enum BodyUse : uint8_t {
  kWholeRequest = 1 << 0,
  kWholeResponse = 1 << 1,
  kChangesRequest = 1 << 2,   ///< A request-body hook that may change the length.
  kChangesResponse = 1 << 3,  ///< Likewise of the response.
  kKeepsState = 1 << 4,       ///< Beside the bodies: a filter's state has to be destroyed.
};

/// What a plan has to know of its filters in advance.
struct FilterNeeds {
  uint8_t hooks = 0;
  uint8_t bodies = 0;  ///< BodyUse
  size_t stateBytes = 0;

  void add(const HttpFilter& filter);
  void add(const FilterNeeds& other);
  bool operator==(const FilterNeeds&) const = default;
};

/// One filter name in a plan: the configuration that most requests get, and the ones that certain
/// consumers get instead. Which one runs is decided when the filter's turn comes.
struct PlanEntry {
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::string name;
  const HttpFilter* fallback = nullptr;  ///< nullptr: only certain consumers get this filter.
  /// By the consumer's id: bound to it together with the route or the service.
  std::unordered_map<std::string, const HttpFilter*, Hash, std::equal_to<>> variants;
  bool consumersOwn = false;  ///< A consumer's own filter of this name goes before the fallback.
  FilterNeeds ofConsumers;    ///< Of all consumers' own filters of this name, if so.
  uint32_t stateOffset = 0;
  uint8_t hooks = 0;  ///< Of the fallback and all variants together.
  uint8_t fallbackHooks = 0;
  uint8_t bodies = 0;  ///< BodyUse, likewise.
  /// The fallback where everybody gets it, so that there is nothing to choose; else nullptr.
  const HttpFilter* settled = nullptr;
  uint8_t settledHooks = 0;

  const HttpFilter* choose(const Consumer* consumer) const;
};

/// The immutable, ordered list of filters of a route, the same order in both directions. Owned by
/// the snapshot.
struct FilterPlan {
  std::vector<PlanEntry> entries;
  std::vector<std::shared_ptr<const HttpFilter>> owned;  ///< The filters that entries point to.
  uint32_t stateBytes = 0;
  uint8_t hooks = 0;
  uint8_t bodies = 0;  ///< BodyUse

  /// Lays out the states and joins the hooks; to be called once after `entries` are complete.
  void finish();
};

}  // namespace tollgate::http
