#include "source/upstream/hash_ring.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "source/upstream/cluster.h"

namespace tollgate::upstream {
namespace {

/// "<ip>::<port> <number>": where a point of an address lies.
class PointText {
 public:
  PointText(const std::string& ip, uint16_t port) : text_(ip + "::" + std::to_string(port) + " ") {
    prefix_ = text_.size();
  }
  std::string_view with(uint64_t number) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    text_.resize(prefix_);
    text_.append(digits, end);
    return text_;
  }

 private:
  std::string text_;
  size_t prefix_;
};

}  // namespace

uint32_t ringHash(std::string_view text) { return XXH32(text.data(), text.size(), 0); }

HashRing::HashRing(std::vector<Entry> entries, size_t targets, uint32_t slots)
    : slots_(std::max(slots, kMinSlots)) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.targetHost, a.targetPort, a.ip, a.port) <
           std::tie(b.targetHost, b.targetPort, b.ip, b.port);
  });
  uint64_t total = 0;
  for (const Entry& entry : entries) total += entry.weight;
  if (total == 0) return;
  const double all = std::min<double>(static_cast<double>(targets) * kPointsPerTarget, slots_);
  std::vector<bool> owned(slots_, false);
  for (const Entry& entry : entries) {
    if (entry.weight == 0) continue;
    const double share = static_cast<double>(entry.weight) / static_cast<double>(total);
    auto wanted = std::max<uint64_t>(static_cast<uint64_t>(share * all), 1);
    PointText text(entry.ip, entry.port);
    // A point that is taken stays with its owner, and the address goes on to its next one.
    for (uint64_t number = 1; wanted > 0 && points_.size() < slots_; ++number) {
      const uint32_t place = ringHash(text.with(number)) % slots_;
      if (owned[place]) continue;
      owned[place] = true;
      points_.push_back({place, entry.member});
      --wanted;
    }
  }
  std::sort(points_.begin(), points_.end(),
            [](const Point& a, const Point& b) { return a.place < b.place; });
}

size_t HashRing::below(uint32_t place) const {
  auto above = std::upper_bound(points_.begin(), points_.end(), place,
                                [](uint32_t at, const Point& point) { return at < point.place; });
  if (above == points_.begin()) return points_.size() - 1;
  return static_cast<size_t>(above - points_.begin()) - 1;
}

uint32_t ConsistentHashing::pick(const Request& request) {
  uint32_t found = kNone, tried = kNone;
  const bool allTried = request.tried.size() >= cluster_.weighted();
  cluster_.ring().walk(request.hash, [&](uint32_t member) {
    if (!cluster_.available(member)) return false;
    if (allTried || !request.hasTried(member)) {
      found = member;
      return true;
    }
    if (tried == kNone) tried = member;
    return false;
  });
  return found != kNone ? found : tried;
}

}  // namespace tollgate::upstream
