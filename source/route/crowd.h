#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "source/base/ref.h"
#include "source/base/regex.h"
#include "source/route/path_tree.h"

/// Internal to the route table: many regexes at one place.
namespace tollgate::route {

/// Some of the candidates at one place, in the order of winning, with one automaton for their
/// regexes. Immutable.
class CrowdPart : public RefCounted<CrowdPart> {
 public:
  explicit CrowdPart(std::vector<Candidate> candidates);

  bool consistsOf(const Candidate* first, size_t count) const;
  /// Calls `visit(candidate)` in the order of winning for those that may match the path, until it
  /// returns false; then false. `scratch` is the caller's, for reuse.
  template <typename F>
  bool forEachLikely(std::string_view path, std::vector<int>& scratch, const F& visit) const {
    if (set_ == nullptr || path.size() > kLongPath || !set_->matchStart(path, scratch)) {
      for (const Candidate& each : candidates_) {
        if (!visit(each)) return false;
      }
      return true;
    }
    auto other = others_.begin();
    for (int found : scratch) {
      const uint32_t place = inSet_[static_cast<size_t>(found)];
      for (; other != others_.end() && *other < place; ++other) {
        if (!visit(candidates_[*other])) return false;
      }
      if (!visit(candidates_[place])) return false;
    }
    for (; other != others_.end(); ++other) {
      if (!visit(candidates_[*other])) return false;
    }
    return true;
  }
  /// Beyond this a text may cost an automaton that has to begin anew at each byte more than can be
  /// stopped in time; regexes one by one can.
  static constexpr size_t kLongPath = 1024;
  const Candidate& best() const { return candidates_.front(); }

 private:
  std::vector<Candidate> candidates_;
  std::vector<uint32_t> inSet_;   ///< Places of the candidates whose regexes are in the set.
  std::vector<uint32_t> others_;  ///< Places of all the others.
  std::unique_ptr<const RegexSet> set_;
};

/// The candidates of one place in parts, the winners first. Where a part ends depends on the
/// candidates alone, so that a change leaves most parts as they are.
class Crowd : public RefCounted<Crowd> {
 public:
  /// From this many regexes on one automaton costs less than one by one.
  static constexpr size_t kLeast = 32;

  /// Of candidates with the winner last; shares what it can with `before`. Null where there are too
  /// few regexes.
  static Ref<const Crowd> of(const std::vector<Candidate>& candidates, const Crowd* before);

  const std::vector<Ref<const CrowdPart>>& parts() const { return parts_; }

 private:
  std::vector<Ref<const CrowdPart>> parts_;
};

}  // namespace tollgate::route
