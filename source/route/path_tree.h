#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/ref.h"
#include "source/route/compiled_route.h"

/// Internal to the route table: the routes of one host by their paths.
namespace tollgate::route {

/// One rule of a route, at the place in the tree where it is looked for. Of usual routes it tells
/// all that a match needs: among many, each object more that is looked at is one more that no cache
/// has.
struct Candidate {
  Candidate() = default;
  Candidate(const Ref<const CompiledRoute>& route, size_t index)
      : priority(route->paths[index].priority),
        route(route),
        payload(route->payload),
        rule(static_cast<uint32_t>(index)),
        regex(route->paths[index].kind == PathRule::Kind::kRegex),
        conditional(route->conditions != nullptr) {}

  uint64_t priority = 0;
  Ref<const CompiledRoute> route;
  const void* payload = nullptr;  ///< The route's.
  uint32_t rule = 0;              ///< Index in route->paths.
  bool regex = false;        ///< It has still to match; else the place says that the path fits.
  bool conditional = false;  ///< Whether the route has conditions, which have still to hold.

  /// Whether it wins over `other`: the higher priority, else the greater id, else the earlier path.
  bool before(const Candidate& other) const {
    if (priority != other.priority) return priority > other.priority;
    if (route.get() == other.route.get()) return rule < other.rule;
    return route->id > other.route->id;
  }
};

class Crowd;

/// Candidates at one place, the winner last: routes that are loaded in the order of their ids then
/// only append. Nearly all places have one, which lies in the object itself.
class Candidates {
 public:
  Candidates();
  Candidates(const Candidates& other);
  Candidates& operator=(const Candidates& other);
  ~Candidates();

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  void insert(Candidate candidate);
  void erase(const Candidate& candidate);
  /// Makes one automaton of many regexes, after changes.
  void settle();
  /// The same candidates by the automata that settle() made; nullptr if there are none, or no more.
  const Crowd* crowd() const { return settled_ ? crowd_.get() : nullptr; }
  /// The winner first, until `visit` returns false.
  template <typename F>
  void forEach(const F& visit) const {
    const Candidate* all = size_ > 1 ? more_.data() : &only_;
    for (size_t i = size_; i > 0 && visit(all[i - 1]);) --i;
  }

 private:
  uint32_t size_ = 0;
  bool settled_ = false;
  Candidate only_;               ///< If there is one.
  std::vector<Candidate> more_;  ///< All, if there are more.
  Ref<const Crowd> crowd_;       ///< As it was settled last.
};

/// A node of a radix tree over bytes. Copies share their children, so that a change copies the
/// nodes on the way to it; a node that nobody else has is changed in place.
class PathNode : public RefCounted<PathNode> {
 public:
  /// Both say how many candidates the place has then.
  size_t insert(std::string_view path, Candidate candidate);
  size_t erase(std::string_view path, const Candidate& candidate);
  /// See Candidates::settle().
  void settle(std::string_view path);
  bool empty() const { return candidates_.empty() && firsts_.empty(); }

  /// Calls `visit(candidates, length)` for every node on the way that has some, from the root down;
  /// `length` is how much of the path leads to it.
  template <typename F>
  void walk(std::string_view path, const F& visit) const {
    const PathNode* node = this;
    size_t length = 0;
    while (true) {
      if (!node->candidates_.empty()) visit(node->candidates_, length);
      if (length == path.size()) return;
      node = node->child(path[length]);
      if (node == nullptr) return;
      const std::string& label = node->label_;
      if (path.size() - length < label.size() ||
          std::memcmp(path.data() + length, label.data(), label.size()) != 0) {
        return;
      }
      length += label.size();
    }
  }

 private:
  const PathNode* child(char first) const {
    if (firsts_.size() == 1) return firsts_[0] == first ? firstChild_.get() : nullptr;
    size_t at = firsts_.find(first);
    return at != std::string::npos ? childAt(at).get() : nullptr;
  }
  const Ref<PathNode>& childAt(size_t at) const {
    return at == 0 ? firstChild_ : otherChildren_[at - 1];
  }
  Ref<PathNode>& childAt(size_t at) { return at == 0 ? firstChild_ : otherChildren_[at - 1]; }
  void addChild(char first, Ref<PathNode> child);
  /// The child at the place, as one that nobody else has.
  PathNode& own(size_t at);
  void removeChild(size_t at);
  void joinOnlyChild();

  std::string firsts_;  ///< The first bytes of the children's labels.
  Ref<PathNode> firstChild_;
  std::string label_;  ///< From the parent to here.
  Candidates candidates_;
  std::vector<Ref<PathNode>> otherChildren_;
};

}  // namespace tollgate::route
