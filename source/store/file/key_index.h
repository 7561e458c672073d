#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::store {

/// Which entity holds which key, for millions of them: 24 bytes each. Keys are kept as a hash of 63
/// bits under a seed of the process (of four million keys two meet with a chance of one in a
/// million, and then a file is refused, never accepted, wrongly). One thread.
class KeyIndex {
 public:
  KeyIndex();

  /// False, and no change, where the key is held already. `id` is a UUID.
  bool add(std::string_view kind, std::string_view field, std::string_view value,
           std::string_view id);
  /// The id of the holder.
  std::optional<std::string> find(std::string_view kind, std::string_view field,
                                  std::string_view value) const;
  /// Notes of a key that is there, or asks, whether its holder was handed on.
  void markHandedOn(std::string_view kind, std::string_view field, std::string_view value);
  bool isHandedOn(std::string_view kind, std::string_view field, std::string_view value) const;
  size_t size() const { return used_; }

 private:
  struct Slot {
    uint64_t hash = 0;  ///< 0: free. The lowest bit: it was handed on.
    uint64_t high = 0, low = 0;
  };
  uint64_t hashOf(std::string_view kind, std::string_view field, std::string_view value) const;
  Slot& slotFor(std::vector<Slot>& slots, uint64_t hash) const;
  Slot& slotOf(std::string_view kind, std::string_view field, std::string_view value) const;
  void grow();

  uint64_t seed_;
  std::vector<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace tollgate::store
