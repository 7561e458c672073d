#pragma once

#include <vector>

#include "source/upstream/balancer.h"

namespace tollgate::upstream {

/// The member with the fewest requests of this worker under way, relative to its weight; among
/// equals the one that was chosen longest ago. A heap: O(log members) for each request.
class LeastConnections final : public Balancer {
 public:
  LeastConnections(const Cluster& cluster, size_t worker);
  uint32_t pick(const Request& request) override;
  void loadChanged(uint32_t member) override;

 private:
  bool before(uint32_t a, uint32_t b) const;
  /// The best usable member at or below a position of the heap, or `best`.
  uint32_t search(size_t position, uint32_t best, const Request& request, bool skipTried) const;
  void up(size_t position);
  void down(size_t position);
  void place(size_t position, uint32_t member);

  const Cluster& cluster_;
  size_t worker_;
  uint64_t picks_ = 0;
  std::vector<uint32_t> heap_;       ///< Members; none comes before its parent.
  std::vector<uint32_t> positions_;  ///< In the heap, by member.
};

}  // namespace tollgate::upstream
