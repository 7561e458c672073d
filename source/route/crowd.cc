#include "source/route/crowd.h"

#include <algorithm>
#include <unordered_map>

#include "source/base/text_hash.h"

namespace tollgate::route {
namespace {

constexpr size_t kUsualPart = 256;
constexpr size_t kLargestPart = 1024;

const Regex* regexOf(const Candidate& candidate) {
  return candidate.regex ? candidate.route->paths[candidate.rule].regex.get() : nullptr;
}

bool same(const Candidate& a, const Candidate& b) { return a.route == b.route && a.rule == b.rule; }

bool endsPart(const Candidate& candidate) {
  return (TextHash()(candidate.route->id) + candidate.rule) % kUsualPart == 0;
}

}  // namespace

CrowdPart::CrowdPart(std::vector<Candidate> candidates) : candidates_(std::move(candidates)) {
  std::vector<const Regex*> regexes;
  for (uint32_t place = 0; place < candidates_.size(); ++place) {
    const Regex* regex = regexOf(candidates_[place]);
    if (regex == nullptr || !regex->bytesOnly()) {
      others_.push_back(place);
    } else {
      regexes.push_back(regex);
      inSet_.push_back(place);
    }
  }
  if (regexes.size() > 1) set_ = RegexSet::compile(regexes);
}

bool CrowdPart::consistsOf(const Candidate* first, size_t count) const {
  return count == candidates_.size() &&
         std::equal(candidates_.begin(), candidates_.end(), first, same);
}

Ref<const Crowd> Crowd::of(const std::vector<Candidate>& candidates, const Crowd* before) {
  auto isRegex = [](const Candidate& each) { return each.regex; };
  const auto regexes = std::count_if(candidates.begin(), candidates.end(), isRegex);
  if (static_cast<size_t>(regexes) < kLeast) return {};
  std::vector<Candidate> order(candidates.rbegin(), candidates.rend());
  std::unordered_map<const CompiledRoute*, Ref<const CrowdPart>> known;
  if (before != nullptr) {
    for (const auto& part : before->parts_) known.emplace(part->best().route.get(), part);
  }
  auto crowd = makeRef<Crowd>();
  for (size_t begin = 0, at = 0; at < order.size(); ++at) {
    const size_t count = at + 1 - begin;
    if (at + 1 < order.size() && count < kLargestPart && !endsPart(order[at])) continue;
    auto old = known.find(order[begin].route.get());
    if (old != known.end() && old->second->consistsOf(&order[begin], count)) {
      crowd->parts_.push_back(old->second);
    } else {
      const auto first = order.begin() + static_cast<ptrdiff_t>(begin);
      crowd->parts_.push_back(makeRef<const CrowdPart>(
          std::vector<Candidate>(first, first + static_cast<ptrdiff_t>(count))));
    }
    begin = at + 1;
  }
  return crowd;
}

}  // namespace tollgate::route
