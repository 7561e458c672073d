#include "source/base/arena.h"

#include <cstdlib>

namespace tollgate {

Arena::~Arena() {
  reset();
  std::free(first_);
}

void Arena::reset() {
  while (rest_ != nullptr) {
    Block* next = rest_->next;
    capacity_ -= rest_->bytes;
    std::free(rest_);
    rest_ = next;
  }
  if (first_ != nullptr) {
    cursor_ = reinterpret_cast<char*>(first_ + 1);
    end_ = reinterpret_cast<char*>(first_) + first_->bytes;
  }
}

void* Arena::allocateSlow(size_t bytes, size_t alignment) {
  size_t wanted = sizeof(Block) + bytes + alignment;
  size_t size = wanted > kBlockBytes ? wanted : kBlockBytes;
  auto* block = static_cast<Block*>(std::malloc(size));
  if (block == nullptr) throw std::bad_alloc();
  block->bytes = size;
  block->next = nullptr;
  capacity_ += size;
  if (first_ == nullptr && size == kBlockBytes) {
    first_ = block;
  } else {
    block->next = rest_;
    rest_ = block;
  }
  cursor_ = reinterpret_cast<char*>(block + 1);
  end_ = reinterpret_cast<char*>(block) + size;
  return allocate(bytes, alignment);
}

}  // namespace tollgate
