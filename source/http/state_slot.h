#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

namespace tollgate::http {

/// The place of one filter's state in one exchange: made when the filter first asks for it. All
/// filters that share a slot have the same type of state.
class StateSlot {
 public:
  StateSlot() = default;
  /// `place`: of the size and alignment that the filter has asked for.
  explicit StateSlot(std::byte* place) : place_(place) {}

  template <typename T>
  T& get() {
    if constexpr (std::is_empty_v<T>) {
      static T none;
      return none;
    } else {
      if (!made_) {
        new (place_) T();
        made_ = true;
      }
      return *std::launder(reinterpret_cast<T*>(place_));
    }
  }

  /// Harmless where nothing was made.
  template <typename T>
  void destroy() {
    if (made_) std::launder(reinterpret_cast<T*>(place_))->~T();
    made_ = false;
  }

 private:
  std::byte* place_ = nullptr;
  bool made_ = false;
};

}  // namespace tollgate::http
