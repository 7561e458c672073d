#include "source/stats/labelled.h"

#include <algorithm>
#include <bit>
#include <random>

namespace tollgate::stats {
namespace {

Hash128 randomKey() {
  std::random_device random;
  auto word = [&] { return uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

}  // namespace

LabelTable::LabelTable(size_t labels, size_t limit)
    : labels_(labels),
      limit_(limit),
      hash_(randomKey()),
      entries_(1 + std::bit_ceil(std::max<size_t>(2 * limit, 1))) {
  entries_[kOther].store(new Values(labels, std::string(kOtherValue)), std::memory_order_release);
}

LabelTable::~LabelTable() {
  for (auto& entry : entries_) delete entry.load(std::memory_order_relaxed);
}

bool LabelTable::equal(const Values& known, std::span<const std::string_view> values) {
  return std::equal(known.begin(), known.end(), values.begin(), values.end(),
                    [](const std::string& own, std::string_view value) {
                      return own == value.substr(0, kValueBytes);
                    });
}

uint64_t LabelTable::hash(std::span<const std::string_view> values) const {
  uint64_t hash = 0;
  for (std::string_view value : values) {
    hash = std::rotl(hash, 21) ^ hash_(value.substr(0, kValueBytes)).low;
  }
  return hash;
}

/// At most half of the entries are ever taken: the search ends.
LabelTable::Slot LabelTable::slotOf(std::span<const std::string_view> values) {
  if (values.size() != labels_) return kOther;
  const size_t places = entries_.size() - 1;
  std::unique_ptr<Values> made;
  for (size_t place = hash(values) & (places - 1);; place = (place + 1) & (places - 1)) {
    std::atomic<const Values*>& entry = entries_[1 + place];
    const Values* known = entry.load(std::memory_order_acquire);
    if (known == nullptr) {
      if (size_.load(std::memory_order_relaxed) >= limit_) return kOther;
      if (size_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
        size_.fetch_sub(1, std::memory_order_relaxed);
        return kOther;
      }
      made = std::make_unique<Values>();
      for (std::string_view value : values) made->emplace_back(value.substr(0, kValueBytes));
      if (entry.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) {
        made.release();
        return static_cast<Slot>(1 + place);
      }
      size_.fetch_sub(1, std::memory_order_relaxed);  // another thread has taken the place
    }
    if (equal(*known, values)) return static_cast<Slot>(1 + place);
  }
}

std::vector<std::string> LabelTable::valuesOf(Slot slot) const {
  const Values* values = entries_[slot].load(std::memory_order_acquire);
  return values == nullptr ? Values() : *values;
}

}  // namespace tollgate::stats
