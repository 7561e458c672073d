#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/net/address.h"

namespace tollgate::net {

/// Ranges of addresses, as sorted ones that do not touch: to look one up costs a binary search,
/// however many there are. IPv4 addresses that are written as IPv6 ones ("::ffff:1.2.3.4") are the
/// same. Immutable once built; any thread.
class AddressSet {
 public:
  /// "10.0.0.0/8", "::1", …
  Status add(std::string_view text);
  /// To be called once, after the last add().
  void finish();

  bool empty() const { return ranges_.empty(); }
  bool contains(const Address& address) const;

 private:
  using Bytes = std::array<uint8_t, 16>;  ///< IPv4 as IPv6: "::ffff:1.2.3.4".
  struct Range {
    Bytes first, last;
  };
  std::vector<Range> ranges_;
};

}  // namespace tollgate::net
