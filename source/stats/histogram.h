#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "source/stats/cell.h"

namespace tollgate::stats {

/// Upper bounds of buckets, ascending; a value that equals a bound is within it.
template <size_t kCount>
using Bounds = std::array<uint64_t, kCount>;

/// For spans of time from a millisecond to a minute.
inline constexpr Bounds<15> kMillisBounds{1,   2,    5,    10,   20,    50,    100,  200,
                                          500, 1000, 2000, 5000, 10000, 30000, 60000};
/// For amounts of bytes from 100 B to 100 MB.
inline constexpr Bounds<7> kByteBounds{100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/// A histogram as a reader sees it. Borrowed from its histogram.
struct HistogramView {
  std::span<const uint64_t> bounds;
  std::span<const Counter> buckets;  ///< One more than bounds: what is above the last one.
  const Counter* sum;
};

/// How often values fell between fixed bounds, and their sum. `kBounds` has static storage.
template <const auto& kBounds>
class Histogram {
 public:
  void observe(uint64_t value) {
    size_t bucket = 0;
    while (bucket < kBounds.size() && value > kBounds[bucket]) ++bucket;
    buckets_[bucket].add();
    sum_.add(value);
  }
  HistogramView view() const { return {kBounds, buckets_, &sum_}; }

 private:
  std::array<Counter, kBounds.size() + 1> buckets_;
  Counter sum_;
};

}  // namespace tollgate::stats
