#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/siphash.h"

namespace tollgate::stats {

/// The combinations of label values that one metric tells apart, in the order of its label names:
/// for values that nobody knows beforehand. Their number is bounded: what comes when it is reached
/// is counted as kOther, whose values are all kOtherValue. None is ever forgotten.
/// Threads: any. No locks: one that is known is found by loads alone.
class LabelTable {
 public:
  /// Names a combination for as long as the table lives.
  using Slot = uint32_t;
  static constexpr Slot kOther = 0;
  static constexpr std::string_view kOtherValue = "other";
  /// Of a label value; what is longer is cut.
  static constexpr size_t kValueBytes = 128;

  /// `labels`: how many values each combination has. `limit`: of combinations beside kOther.
  LabelTable(size_t labels, size_t limit);
  ~LabelTable();
  LabelTable(const LabelTable&) = delete;
  LabelTable& operator=(const LabelTable&) = delete;

  Slot slotOf(std::span<const std::string_view> values);
  Slot slotOf(std::initializer_list<std::string_view> values) {
    return slotOf(std::span<const std::string_view>(values.begin(), values.size()));
  }
  /// `slot`: as slotOf() gave it.
  std::vector<std::string> valuesOf(Slot slot) const;
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  /// All that slotOf() gives are below.
  size_t slots() const { return entries_.size(); }

 private:
  using Values = std::vector<std::string>;
  static bool equal(const Values& known, std::span<const std::string_view> values);
  uint64_t hash(std::span<const std::string_view> values) const;

  const size_t labels_;
  const size_t limit_;
  const SipHash13 hash_;  ///< Clients may choose values.
  std::atomic<size_t> size_{0};
  std::vector<std::atomic<const Values*>> entries_;  ///< By open addressing; the first is kOther.
};

/// What one thread has counted under each combination of a table's. A cell is made when it is first
/// counted in.
template <typename Cell>
class Labelled {
 public:
  /// `table` outlives it.
  explicit Labelled(LabelTable& table) : table_(table), cells_(table.slots()) {}
  ~Labelled() {
    for (auto& cell : cells_) delete cell.load(std::memory_order_relaxed);
  }
  Labelled(const Labelled&) = delete;
  Labelled& operator=(const Labelled&) = delete;

  /// The thread that counts.
  Cell& at(std::initializer_list<std::string_view> values) { return at(table_.slotOf(values)); }
  Cell& at(LabelTable::Slot slot) {
    Cell* known = cells_[slot].load(std::memory_order_relaxed);
    return known != nullptr ? *known : make(slot);
  }
  /// Any thread: calls `visit` with the label values and the cell of each.
  template <typename Visitor>
  void forEach(const Visitor& visit) const {
    for (LabelTable::Slot slot = 0; slot < cells_.size(); ++slot) {
      const Cell* cell = cells_[slot].load(std::memory_order_acquire);
      if (cell != nullptr) visit(table_.valuesOf(slot), *cell);
    }
  }

 private:
  Cell& make(LabelTable::Slot slot) {
    auto* made = new Cell;
    cells_[slot].store(made, std::memory_order_release);
    return *made;
  }

  LabelTable& table_;
  std::vector<std::atomic<Cell*>> cells_;
};

}  // namespace tollgate::stats
