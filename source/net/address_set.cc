#include "source/net/address_set.h"

#include <algorithm>
#include <cstring>

#include "source/base/decimal.h"

namespace tollgate::net {
namespace {

/// The bits of an IPv6 address in front of an IPv4 one that it stands for.
constexpr unsigned kMappedBits = 96;

bool bytesOf(const Address& address, std::array<uint8_t, 16>& out) {
  if (address.family() == AF_INET) {
    out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(out.data() + 12,
                &reinterpret_cast<const sockaddr_in*>(address.sockaddrPtr())->sin_addr, 4);
    return true;
  }
  if (address.family() != AF_INET6) return false;
  std::memcpy(out.data(), &reinterpret_cast<const sockaddr_in6*>(address.sockaddrPtr())->sin6_addr,
              16);
  return true;
}

/// The next address; false behind the last of all.
bool advance(std::array<uint8_t, 16>& bytes) {
  for (size_t i = bytes.size(); i-- > 0;) {
    if (++bytes[i] != 0) return true;
  }
  return false;
}

}  // namespace

Status AddressSet::add(std::string_view text) {
  auto wrong = [&] {
    return Error::invalid("invalid ip or cidr range: '" + std::string(text) + "'");
  };
  const size_t slash = text.find('/');
  auto address = Address::parse(text.substr(0, slash), 0);
  Range range;
  if (!address || !bytesOf(*address, range.first)) return wrong();
  const unsigned before = address->family() == AF_INET ? kMappedBits : 0;
  uint64_t bits = 128 - before;
  if (slash != std::string_view::npos &&
      (!parseDecimal(text.substr(slash + 1), bits) || bits > 128 - before)) {
    return wrong();
  }
  range.last = range.first;
  for (size_t bit = before + bits; bit < 128; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    range.first[bit / 8] = static_cast<uint8_t>(range.first[bit / 8] & ~mask);
    range.last[bit / 8] = static_cast<uint8_t>(range.last[bit / 8] | mask);
  }
  ranges_.push_back(range);
  return {};
}

void AddressSet::finish() {
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> joined;
  for (const Range& range : ranges_) {
    Bytes next{};
    const bool more = !joined.empty() && (next = joined.back().last, advance(next));
    const bool touches = !joined.empty() && (!more || range.first <= next);
    if (!touches) {
      joined.push_back(range);
    } else if (joined.back().last < range.last) {
      joined.back().last = range.last;
    }
  }
  ranges_ = std::move(joined);
}

bool AddressSet::contains(const Address& address) const {
  Bytes bytes;
  if (!bytesOf(address, bytes)) return false;
  auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), bytes,
                       [](const Bytes& at, const Range& range) { return at < range.first; });
  return after != ranges_.begin() && bytes <= std::prev(after)->last;
}

}  // namespace tollgate::net
