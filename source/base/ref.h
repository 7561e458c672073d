#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

/// Shared ownership with the count inside of the object: half the memory of a shared_ptr, and an
/// object that tells whether anybody else holds it, which is what structure sharing is built on
/// (cow_set.h, cow_vector.h).
namespace tollgate {

/// To be derived from by the type that is shared (T: that type). A copy of it begins unshared.
/// Threads: counting is atomic; whoever drops the last reference destroys the object.
template <typename T>
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) {}
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete static_cast<const T*>(this);
  }
  /// Whether there is more than one reference. Once false it stays so for the only holder.
  bool shared() const { return references_.load(std::memory_order_acquire) > 1; }

 private:
  mutable std::atomic<uint32_t> references_{0};
};

/// A counted reference to a RefCounted object, or none.
template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* object) : object_(object) {
    if (object_ != nullptr) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <typename U>
  Ref(const Ref<U>& other) : Ref(other.get()) {}  // from T to const T
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

template <typename T, typename... Args>
Ref<T> makeRef(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

}  // namespace tollgate
