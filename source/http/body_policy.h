#pragma once

#include <cstddef>
#include <cstdint>

namespace tollgate::http {

/// What a filter wants of the bodies of one direction. Body hooks see bytes as they come whatever
/// stands here; this is about seeing a body at once, before the filter's head hook runs.
struct BodyPolicy {
  /// What becomes of a body that is larger than the filter takes.
  enum class Above : uint8_t {
    kPass,    ///< The filter runs without it, and it goes on as it comes.
    kRefuse,  ///< 413 for a request; 502 for a response.
    kPart,    ///< The filter sees what has come, which is more than its limit.
  };
  size_t limit = 0;  ///< Bytes; 0: the body is not collected.
  Above above = Above::kPass;

  bool whole() const { return limit > 0; }
  static BodyPolicy collect(size_t limit, Above above = Above::kPass) { return {limit, above}; }
};

}  // namespace tollgate::http
