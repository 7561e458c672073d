#include "source/route/path_tree.h"

#include "source/route/crowd.h"

namespace tollgate::route {
namespace {

bool loses(const Candidate& a, const Candidate& b) { return b.before(a); }

size_t common(std::string_view a, std::string_view b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(std::min(a.size(), b.size())),
                    b.begin())
          .first -
      a.begin());
}

}  // namespace

Candidates::Candidates() = default;
Candidates::Candidates(const Candidates& other) = default;
Candidates& Candidates::operator=(const Candidates& other) = default;
Candidates::~Candidates() = default;

void Candidates::settle() {
  if (!settled_) crowd_ = Crowd::of(more_, crowd_.get());
  settled_ = true;
}

void Candidates::insert(Candidate candidate) {
  settled_ = false;
  auto same = [&](const Candidate& other) {  // the same host or path twice in one route
    return other.route == candidate.route && other.rule == candidate.rule;
  };
  if (size_ == 0) {
    only_ = std::move(candidate);
  } else if (size_ == 1) {
    if (same(only_)) return;
    bool first = loses(candidate, only_);
    more_.reserve(2);
    more_.push_back(std::move(first ? candidate : only_));
    more_.push_back(std::move(first ? only_ : candidate));
    only_ = {};
  } else {
    auto place = std::lower_bound(more_.begin(), more_.end(), candidate, loses);
    if (place != more_.end() && same(*place)) return;
    more_.insert(place, std::move(candidate));
  }
  ++size_;
}

void Candidates::erase(const Candidate& candidate) {
  settled_ = false;
  auto same = [&](const Candidate& other) {
    return other.route == candidate.route && other.rule == candidate.rule;
  };
  if (size_ == 0) return;
  if (size_ == 1) {
    if (!same(only_)) return;
    only_ = {};
    size_ = 0;
    return;
  }
  auto place = std::lower_bound(more_.begin(), more_.end(), candidate, loses);
  if (place == more_.end() || !same(*place)) return;
  more_.erase(place);
  if (--size_ > 1) return;
  only_ = std::move(more_.front());
  std::vector<Candidate>().swap(more_);
}

PathNode& PathNode::own(size_t at) {
  Ref<PathNode>& child = childAt(at);
  if (child->shared()) child = makeRef<PathNode>(*child);
  return *child;
}

size_t PathNode::insert(std::string_view path, Candidate candidate) {
  PathNode* node = this;
  while (!path.empty()) {
    size_t at = node->firsts_.find(path.front());
    if (at == std::string::npos) {
      auto leaf = makeRef<PathNode>();
      leaf->label_ = path;
      PathNode* added = leaf.get();
      node->addChild(path.front(), std::move(leaf));
      node = added;
      break;
    }
    PathNode* child = &node->own(at);
    size_t length = common(child->label_, path);
    if (length < child->label_.size()) {
      auto fork = makeRef<PathNode>();
      fork->label_ = child->label_.substr(0, length);
      child->label_.erase(0, length);
      fork->addChild(child->label_.front(), std::move(node->childAt(at)));
      child = fork.get();
      node->childAt(at) = std::move(fork);
    }
    node = child;
    path.remove_prefix(length);
  }
  node->candidates_.insert(std::move(candidate));
  return node->candidates_.size();
}

void PathNode::settle(std::string_view path) {
  PathNode* node = this;
  while (!path.empty()) {
    size_t at = node->firsts_.find(path.front());
    if (at == std::string::npos) return;
    const std::string& label = node->childAt(at)->label_;
    if (path.substr(0, label.size()) != label) return;
    path.remove_prefix(label.size());
    node = &node->own(at);
  }
  node->candidates_.settle();
}

size_t PathNode::erase(std::string_view path, const Candidate& candidate) {
  struct Step {
    PathNode* parent;
    size_t at;
  };
  std::vector<Step> way;
  PathNode* node = this;
  while (!path.empty()) {
    size_t at = node->firsts_.find(path.front());
    if (at == std::string::npos) return 0;
    const std::string& label = node->childAt(at)->label_;
    if (path.substr(0, label.size()) != label) return 0;
    PathNode* child = &node->own(at);
    way.push_back({node, at});
    path.remove_prefix(child->label_.size());
    node = child;
  }
  node->candidates_.erase(candidate);
  const size_t left = node->candidates_.size();
  if (way.empty()) return left;
  if (node->empty()) {
    way.back().parent->removeChild(way.back().at);
    node = way.back().parent;
    way.pop_back();
  }
  if (!way.empty()) node->joinOnlyChild();
  return left;
}

void PathNode::addChild(char first, Ref<PathNode> child) {
  firsts_.empty() ? firstChild_ = std::move(child) : otherChildren_.emplace_back(std::move(child));
  firsts_ += first;
}

void PathNode::removeChild(size_t at) {
  firsts_.erase(at, 1);
  if (at == 0) {
    firstChild_ = otherChildren_.empty() ? nullptr : std::move(otherChildren_.front());
    if (otherChildren_.empty()) return;
    at = 1;
  }
  otherChildren_.erase(otherChildren_.begin() + static_cast<ptrdiff_t>(at - 1));
}

/// A node that neither ends a path nor forks is made one with what follows it.
void PathNode::joinOnlyChild() {
  if (!candidates_.empty() || firsts_.size() != 1) return;
  const Ref<PathNode> child = firstChild_;
  label_ += child->label_;
  candidates_ = child->candidates_;
  firsts_ = child->firsts_;
  firstChild_ = child->firstChild_;
  otherChildren_ = child->otherChildren_;
}

}  // namespace tollgate::route
