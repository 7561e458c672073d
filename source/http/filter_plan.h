#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "source/http/filter.h"

namespace tollgate::http {

/// What the filters of a plan need of the bodies; bits.
enum BodyUse : uint8_t {
  kWholeRequest = 1 << 0,
  kWholeResponse = 1 << 1,
  kChangesRequest = 1 << 2,   ///< A request-body hook that may change the length.
  kChangesResponse = 1 << 3,  ///< Likewise of the response.
};

/// One filter name in a plan: the configuration that most requests get, and the ones that certain
/// consumers get instead. Which one runs is decided when the filter's turn comes.
struct PlanEntry {
  std::string name;
  const HttpFilter* fallback = nullptr;  ///< nullptr: only the consumers below get this filter.
  std::unordered_map<const Consumer*, const HttpFilter*> variants;
  uint32_t stateOffset = 0;
  uint8_t hooks = 0;  ///< Of the fallback and all variants together.
  uint8_t bodies = 0;  ///< BodyUse, likewise.

  const HttpFilter* choose(const Consumer* consumer) const {
    if (!variants.empty() && consumer != nullptr) {
      auto found = variants.find(consumer);
      if (found != variants.end()) return found->second;
    }
    return fallback;
  }
};

/// The immutable, ordered list of filters of a route, the same order in both directions. Owned by
/// the snapshot, which also owns the filters.
struct FilterPlan {
  std::vector<PlanEntry> entries;
  uint32_t stateBytes = 0;
  uint8_t hooks = 0;
  uint8_t bodies = 0;            ///< BodyUse
  size_t wholeRequestBody = 0;   ///< Largest limit of the filters that need the whole body; 0: none.
  size_t wholeResponseBody = 0;  ///< Likewise of the response.

  /// Lays out the states and joins the hooks; to be called once after `entries` are complete.
  void finish();
};

}  // namespace tollgate::http
