#include "source/buffer/buffer.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace tollgate::buffer {

SlabPool::~SlabPool() {
  while (free_ != nullptr) {
    Slab* next = free_->nextFree;
    std::free(free_);
    free_ = next;
  }
}

void SlabPool::trim(size_t keep) {
  while (freeCount_ > keep) {
    Slab* next = free_->nextFree;
    std::free(free_);
    free_ = next;
    --freeCount_;
  }
  returned_ = 0;
}

Slab* SlabPool::acquire(size_t minimum) {
  constexpr size_t kRoom = kSlabBytes - sizeof(Slab);
  ++inUse_;
  if (minimum <= kRoom && free_ != nullptr) {
    Slab* slab = free_;
    free_ = slab->nextFree;
    --freeCount_;
    slab->refs = 1;
    slab->fill = 0;
    return slab;
  }
  size_t room = std::max(minimum, kRoom);
  auto* slab = static_cast<Slab*>(std::malloc(sizeof(Slab) + room));
  if (slab == nullptr) throw std::bad_alloc();
  *slab = Slab{this, nullptr, 1, 0, static_cast<uint32_t>(room)};
  return slab;
}

void SlabPool::recycle(Slab* slab) {
  --inUse_;
  if (slab->capacity != kSlabBytes - sizeof(Slab) || freeCount_ >= maxFree_) {
    returned_ += sizeof(Slab) + slab->capacity;
    std::free(slab);
    return;
  }
  slab->nextFree = free_;
  free_ = slab;
  ++freeCount_;
}

Buffer::Buffer(Buffer&& other) noexcept : pool_(other.pool_) { takeOver(other); }

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    clear();
    pool_ = other.pool_;
    takeOver(other);
  }
  return *this;
}

/// Of an empty buffer: takes the content of `other`, which gets its table, so that neither has to
/// make one anew.
void Buffer::takeOver(Buffer& other) {
  Range* table = ranges_ == &own_ ? &other.own_ : ranges_;
  own_ = other.own_;
  ranges_ = other.ranges_ == &other.own_ ? &own_ : other.ranges_;
  other.ranges_ = table;
  std::swap(capacity_, other.capacity_);
  size_ = std::exchange(other.size_, 0);
  head_ = std::exchange(other.head_, 0);
  count_ = std::exchange(other.count_, 0);
}

/// Makes room for another range: at the front, if many have left there, else in a larger table.
void Buffer::growRanges() {
  uint32_t live = count_ - head_;
  bool move = head_ >= capacity_ / 2 && head_ > 0;
  Range* table = move ? ranges_ : new Range[capacity_ * 2];
  std::copy(ranges_ + head_, ranges_ + count_, table);
  if (!move) {
    freeTable();
    ranges_ = table;
    capacity_ *= 2;
  }
  head_ = 0;
  count_ = live;
}

void Buffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    std::span<char> room = reserve();
    size_t part = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), part);
    commit(part);
    bytes.remove_prefix(part);
  }
}

void Buffer::moveFrom(Buffer& other) {
  if (head_ == count_) {
    other.giveBackReserved();
    takeOver(other);
  } else {
    moveFrom(other, other.size_);
  }
}

void Buffer::moveFrom(Buffer& other, size_t bytes) {
  assert(bytes <= other.size_);
  giveBackReserved();
  while (bytes > 0) {
    Range& range = other.ranges_[other.head_];
    SlabPool::addRef(range.slab);
    if (range.size() <= bytes) {
      pushRange(range.slab, range.begin, range.end);
      bytes -= range.size();
      other.popFrontRange();
    } else {
      auto part = static_cast<uint32_t>(bytes);
      pushRange(range.slab, range.begin, range.begin + part);
      range.begin += part;
      other.size_ -= part;
      bytes = 0;
    }
  }
}

void Buffer::shareFrom(const Buffer& other) {
  giveBackReserved();
  for (uint32_t i = other.head_; i < other.count_; ++i) {
    const Range& range = other.ranges_[i];
    if (range.size() == 0) continue;
    SlabPool::addRef(range.slab);
    pushRange(range.slab, range.begin, range.end);
  }
}

/// linearize() where the bytes lie in several ranges.
std::string_view Buffer::gather(size_t bytes) {
  assert(bytes <= size_);
  Slab* slab = pool_->acquire(bytes);
  Buffer rest(*pool_);
  size_t copied = 0;
  while (copied < bytes) {
    std::string_view part = front().substr(0, bytes - copied);
    std::memcpy(slab->data() + copied, part.data(), part.size());
    copied += part.size();
    consume(part.size());
  }
  rest.moveFrom(*this);
  slab->fill = static_cast<uint32_t>(bytes);
  pushRange(slab, 0, slab->fill);
  moveFrom(rest, rest.size());
  return front();
}

size_t Buffer::iovecs(iovec* out, size_t max) const {
  size_t count = 0;
  for (uint32_t i = head_; i < count_ && count < max; ++i) {
    out[count++] = {ranges_[i].slab->data() + ranges_[i].begin, ranges_[i].size()};
  }
  return count;
}

std::string Buffer::toString() const {
  std::string text;
  text.reserve(size_);
  forEach([&](std::string_view part) { text.append(part); });
  return text;
}

}  // namespace tollgate::buffer
