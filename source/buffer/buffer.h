#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tollgate::buffer {

class SlabPool;

/// A block of bytes shared by reference count; the count is a plain integer, so a slab never leaves
/// its worker. Bytes before `fill` are written and never change again.
struct Slab {
  SlabPool* pool;
  Slab* nextFree;
  uint32_t refs;
  uint32_t fill;      ///< End of the written bytes.
  uint32_t capacity;  ///< Bytes after this header.
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

/// Recycles slabs of one worker; keeps at most `maxFree` of them. The rest goes back to the heap,
/// which needs to be told to give it back to the system (`returned()` and trim()).
class SlabPool {
 public:
  static constexpr size_t kSlabBytes = 16 * 1024;

  explicit SlabPool(size_t maxFree = 256) : maxFree_(maxFree) {}
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  /// A slab with one reference and at least `minimum` bytes of room (larger ones are not recycled).
  Slab* acquire(size_t minimum = 0);
  static void addRef(Slab* slab) { ++slab->refs; }
  static void release(Slab* slab) {
    if (--slab->refs == 0) slab->pool->recycle(slab);
  }
  /// Slabs out in use now.
  size_t inUse() const { return inUse_; }
  /// Bytes that went back to the heap since the last trim().
  size_t returned() const { return returned_; }
  /// Frees slabs that wait for use beyond `keep`.
  void trim(size_t keep);

 private:
  void recycle(Slab* slab);
  Slab* free_ = nullptr;
  size_t freeCount_ = 0;
  size_t maxFree_;
  size_t inUse_ = 0;
  size_t returned_ = 0;
};

/// A counted reference to one slab: keeps views into it valid.
class SlabRef {
 public:
  SlabRef() = default;
  explicit SlabRef(Slab* slab) : slab_(slab) {
    if (slab_ != nullptr) SlabPool::addRef(slab_);
  }
  SlabRef(SlabRef&& other) noexcept : slab_(other.slab_) { other.slab_ = nullptr; }
  SlabRef& operator=(SlabRef&& other) noexcept {
    if (this != &other) {
      reset();
      slab_ = other.slab_;
      other.slab_ = nullptr;
    }
    return *this;
  }
  ~SlabRef() { reset(); }
  void reset() {
    if (slab_ != nullptr) SlabPool::release(slab_);
    slab_ = nullptr;
  }

 private:
  Slab* slab_ = nullptr;
};

/// A queue of bytes as a chain of slab ranges: bytes enter at the back and leave at the front, and
/// move between buffers without being copied. An empty buffer holds no slab. One worker.
class Buffer {
 public:
  explicit Buffer(SlabPool& pool) : pool_(&pool) {}
  ~Buffer() {
    clear();
    freeTable();
  }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  SlabPool& pool() const { return *pool_; }

  /// Copies bytes in.
  void append(std::string_view bytes);
  /// Writable room at the back (at least `minimum` bytes, contiguous); commit() makes it content,
  /// commit(0) gives it back.
  std::span<char> reserve(size_t minimum = 1);
  void commit(size_t bytes);

  /// Moves the first `bytes` (default: all) of `other` to the back of this one.
  void moveFrom(Buffer& other);
  void moveFrom(Buffer& other, size_t bytes);
  /// Appends all bytes of `other` by reference; `other` keeps them.
  void shareFrom(const Buffer& other);

  /// The first contiguous range; empty if the buffer is.
  std::string_view front() const { return size_ == 0 ? std::string_view() : ranges_[head_].text(); }
  /// A reference to the slab of front(), to keep views into it valid.
  SlabRef frontSlab() const { return size_ == 0 ? SlabRef() : SlabRef(ranges_[head_].slab); }
  /// Makes the first `bytes` (<= size()) contiguous, copying if they are not; returns front(),
  /// which may be longer.
  std::string_view linearize(size_t bytes) {
    return front().size() >= bytes ? front() : gather(bytes);
  }
  void consume(size_t bytes);
  void clear() {
    while (head_ != count_) popFrontRange();
  }

  /// Fills up to `max` iovecs with the content from the front; returns how many.
  size_t iovecs(iovec* out, size_t max) const;
  /// Calls `each(std::string_view)` for every range.
  template <typename F>
  void forEach(F&& each) const {
    for (uint32_t i = head_; i < count_; ++i) each(ranges_[i].text());
  }
  std::string toString() const;

 private:
  struct Range {
    Slab* slab;
    uint32_t begin;
    uint32_t end;  ///< As begin: room that was reserved and not committed; only the last range.
    uint32_t size() const { return end - begin; }
    std::string_view text() const { return {slab->data() + begin, size()}; }
  };
  void pushRange(Slab* slab, uint32_t begin, uint32_t end);  // takes over one reference
  void popFrontRange();
  void giveBackReserved() {
    if (head_ != count_ && ranges_[count_ - 1].size() == 0) commit(0);
  }
  std::string_view gather(size_t bytes);
  void growRanges();
  void freeTable() {
    if (ranges_ != &own_) delete[] ranges_;
  }
  void takeOver(Buffer& other);

  SlabPool* pool_;
  size_t size_ = 0;
  Range* ranges_ = &own_;  ///< The live ones from head_ up to count_.
  uint32_t head_ = 0;      ///< As count_ when empty, then both are 0.
  uint32_t count_ = 0;
  uint32_t capacity_ = 1;
  Range own_{};  ///< Most buffers never have more than one range.
};

inline void Buffer::popFrontRange() {
  Range& range = ranges_[head_];
  size_ -= range.size();
  SlabPool::release(range.slab);
  if (++head_ == count_) head_ = count_ = 0;
}

inline void Buffer::pushRange(Slab* slab, uint32_t begin, uint32_t end) {
  if (count_ == capacity_) growRanges();
  ranges_[count_++] = {slab, begin, end};
  size_ += end - begin;
}

inline std::span<char> Buffer::reserve(size_t minimum) {
  if (head_ != count_) {
    const Range& last = ranges_[count_ - 1];
    Slab* slab = last.slab;
    size_t room = slab->capacity - slab->fill;
    if (last.end == slab->fill && room >= minimum && room > 0)
      return {slab->data() + last.end, room};
    giveBackReserved();
  }
  Slab* slab = pool_->acquire(minimum);
  pushRange(slab, 0, 0);
  return {slab->data(), slab->capacity};
}

inline void Buffer::commit(size_t bytes) {
  Range& last = ranges_[count_ - 1];
  last.end += static_cast<uint32_t>(bytes);
  last.slab->fill = last.end;
  size_ += bytes;
  if (last.size() != 0) return;
  SlabPool::release(last.slab);
  if (--count_ == head_) head_ = count_ = 0;
}

inline void Buffer::consume(size_t bytes) {
  while (bytes > 0) {
    Range& range = ranges_[head_];
    if (bytes < range.size()) {
      range.begin += static_cast<uint32_t>(bytes);
      size_ -= bytes;
      return;
    }
    bytes -= range.size();
    popFrontRange();
  }
}

}  // namespace tollgate::buffer
