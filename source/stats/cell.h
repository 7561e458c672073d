#pragma once

#include <atomic>
#include <cstdint>

/// What is counted: each number is written by one thread and read by any.
namespace tollgate::stats {

/// A number that only grows. To count is a load, an addition and a store: no locked instruction,
/// since nobody else writes.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void add(uint64_t amount = 1) { value_.store(value() + amount, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }
  operator uint64_t() const { return value(); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// A number that goes up and down.
class Gauge {
 public:
  Gauge() = default;
  Gauge(const Gauge&) = delete;
  Gauge& operator=(const Gauge&) = delete;

  void add(int64_t amount = 1) { set(value() + amount); }
  void sub(int64_t amount = 1) { set(value() - amount); }
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }
  operator int64_t() const { return value(); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace tollgate::stats
