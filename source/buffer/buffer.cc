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
    std::free(slab);
    return;
  }
  slab->nextFree = free_;
  free_ = slab;
  ++freeCount_;
}

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_),
      size_(std::exchange(other.size_, 0)),
      head_(std::exchange(other.head_, 0)),
      ranges_(std::move(other.ranges_)),
      reserved_(std::exchange(other.reserved_, nullptr)) {
  other.ranges_.clear();
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    clear();
    pool_ = other.pool_;
    size_ = std::exchange(other.size_, 0);
    head_ = std::exchange(other.head_, 0);
    ranges_ = std::move(other.ranges_);
    other.ranges_.clear();
    reserved_ = std::exchange(other.reserved_, nullptr);
  }
  return *this;
}

void Buffer::clear() {
  for (size_t i = head_; i < ranges_.size(); ++i) SlabPool::release(ranges_[i].slab);
  ranges_.clear();
  head_ = 0;
  size_ = 0;
  if (reserved_ != nullptr) SlabPool::release(reserved_);
  reserved_ = nullptr;
}

void Buffer::pushRange(Slab* slab, uint32_t begin, uint32_t end) {
  if (head_ > 0 && head_ == ranges_.size()) {
    ranges_.clear();
    head_ = 0;
  }
  ranges_.push_back({slab, begin, end});
  size_ += end - begin;
}

void Buffer::popFrontRange() {
  Range& range = ranges_[head_];
  size_ -= range.end - range.begin;
  SlabPool::release(range.slab);
  ++head_;
  if (head_ == ranges_.size()) {
    ranges_.clear();
    head_ = 0;
  } else if (head_ >= 32) {
    ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

std::span<char> Buffer::reserve(size_t minimum) {
  if (size_ != 0) {
    Range& last = ranges_.back();
    Slab* slab = last.slab;
    if (last.end == slab->fill && slab->capacity - slab->fill >= std::max<size_t>(minimum, 1)) {
      return {slab->data() + slab->fill, slab->capacity - slab->fill};
    }
  }
  if (reserved_ != nullptr && reserved_->capacity < minimum) {
    SlabPool::release(reserved_);
    reserved_ = nullptr;
  }
  if (reserved_ == nullptr) reserved_ = pool_->acquire(minimum);
  return {reserved_->data(), reserved_->capacity};
}

void Buffer::commit(size_t bytes) {
  if (reserved_ != nullptr) {
    Slab* slab = std::exchange(reserved_, nullptr);
    if (bytes == 0) {
      SlabPool::release(slab);
      return;
    }
    slab->fill = static_cast<uint32_t>(bytes);
    pushRange(slab, 0, slab->fill);
    return;
  }
  if (bytes == 0) return;
  Range& last = ranges_.back();
  last.slab->fill += static_cast<uint32_t>(bytes);
  last.end = last.slab->fill;
  size_ += bytes;
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
  if (size_ == 0 && reserved_ == nullptr && other.reserved_ == nullptr) {
    std::swap(ranges_, other.ranges_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
    other.ranges_.clear();
    other.head_ = 0;
    return;
  }
  moveFrom(other, other.size_);
}

void Buffer::moveFrom(Buffer& other, size_t bytes) {
  assert(bytes <= other.size_);
  if (reserved_ != nullptr) commit(0);
  while (bytes > 0) {
    Range& range = other.ranges_[other.head_];
    uint32_t length = range.end - range.begin;
    SlabPool::addRef(range.slab);
    if (length <= bytes) {
      pushRange(range.slab, range.begin, range.end);
      bytes -= length;
      other.popFrontRange();
    } else {
      uint32_t part = static_cast<uint32_t>(bytes);
      pushRange(range.slab, range.begin, range.begin + part);
      range.begin += part;
      other.size_ -= part;
      bytes = 0;
    }
  }
}

void Buffer::shareFrom(const Buffer& other) {
  if (reserved_ != nullptr) commit(0);
  for (size_t i = other.head_; i < other.ranges_.size(); ++i) {
    const Range& range = other.ranges_[i];
    SlabPool::addRef(range.slab);
    pushRange(range.slab, range.begin, range.end);
  }
}

std::string_view Buffer::linearize(size_t bytes) {
  assert(bytes <= size_);
  if (front().size() >= bytes) return front();
  Slab* slab = pool_->acquire(bytes);
  size_t copied = 0;
  while (copied < bytes) {
    std::string_view part = front().substr(0, bytes - copied);
    std::memcpy(slab->data() + copied, part.data(), part.size());
    copied += part.size();
    consume(part.size());
  }
  slab->fill = static_cast<uint32_t>(bytes);
  if (head_ > 0) {
    ranges_[--head_] = {slab, 0, slab->fill};
  } else {
    ranges_.insert(ranges_.begin(), {slab, 0, slab->fill});
  }
  size_ += bytes;
  return front();
}

void Buffer::consume(size_t bytes) {
  assert(bytes <= size_);
  while (bytes > 0) {
    Range& range = ranges_[head_];
    uint32_t length = range.end - range.begin;
    if (length <= bytes) {
      bytes -= length;
      popFrontRange();
    } else {
      range.begin += static_cast<uint32_t>(bytes);
      size_ -= bytes;
      bytes = 0;
    }
  }
}

size_t Buffer::iovecs(iovec* out, size_t max) const {
  size_t count = 0;
  for (size_t i = head_; i < ranges_.size() && count < max; ++i) {
    const Range& range = ranges_[i];
    out[count++] = {range.slab->data() + range.begin, range.end - range.begin};
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
