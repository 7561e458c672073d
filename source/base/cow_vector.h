#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "source/base/ref.h"

namespace tollgate {

/// A sparse vector whose copies share their elements: a copy costs a pointer, and changing one
/// element of a copy copies the block of it and a table with one pointer per block. Blocks that
/// nobody else has are changed in place. What was never set is T().
/// Threads: a published copy is immutable and may be read by any thread; one thread changes.
template <typename T>
class CowVector {
 public:
  /// Valid until this copy is changed or destroyed.
  const T& operator[](size_t index) const {
    static const T kNothing{};
    size_t block = index / kBlock;
    if (!table_ || block >= table_->blocks.size() || !table_->blocks[block]) return kNothing;
    return table_->blocks[block]->items[index % kBlock];
  }

  /// The element for writing; it grows the vector where it has to.
  T& edit(size_t index) {
    if (!table_) {
      table_ = makeRef<Table>();
    } else if (table_->shared()) {
      table_ = makeRef<Table>(*table_);
    }
    size_t block = index / kBlock;
    if (block >= table_->blocks.size()) table_->blocks.resize(block + 1);
    Ref<Block>& place = table_->blocks[block];
    if (!place) {
      place = makeRef<Block>();
    } else if (place->shared()) {
      place = makeRef<Block>(*place);
    }
    return place->items[index % kBlock];
  }

 private:
  static constexpr size_t kBlock = 128;  // both the block and the table of 100,000 copy in 1 µs
  struct Block : RefCounted<Block> {
    std::array<T, kBlock> items{};
  };
  struct Table : RefCounted<Table> {
    std::vector<Ref<Block>> blocks;
  };
  Ref<Table> table_;
};

}  // namespace tollgate
