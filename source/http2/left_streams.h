#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tollgate::http2 {

/// The streams that the gateway left while the client could still be sending on them: what arrives
/// for them is no error but late (RFC 9113 section 5.1). Remembers the last `capacity`. With the
/// limit of concurrent streams as capacity that is enough: a client cannot begin as many others
/// before it has read that the first one was reset.
class LeftStreams {
 public:
  explicit LeftStreams(size_t capacity) : capacity_(std::max<size_t>(1, capacity)) {}

  void add(int32_t id) {
    if (ids_.size() < capacity_) return ids_.push_back(id);
    ids_[oldest_] = id;
    oldest_ = (oldest_ + 1) % capacity_;
  }
  bool contains(int32_t id) const { return std::find(ids_.begin(), ids_.end(), id) != ids_.end(); }

 private:
  std::vector<int32_t> ids_;
  size_t capacity_;
  size_t oldest_ = 0;
};

}  // namespace tollgate::http2
