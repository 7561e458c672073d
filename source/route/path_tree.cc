#include "source/route/path_tree.h"

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

void insertCandidate(Candidates& list, Candidate candidate) {
  auto place = std::lower_bound(list.begin(), list.end(), candidate, loses);
  if (place != list.end() && place->route == candidate.route && place->rule == candidate.rule) {
    return;  // the same host or path twice in one route
  }
  list.insert(place, std::move(candidate));
}

void eraseCandidate(Candidates& list, const Candidate& candidate) {
  auto place = std::lower_bound(list.begin(), list.end(), candidate, loses);
  if (place != list.end() && place->route == candidate.route && place->rule == candidate.rule) {
    list.erase(place);
  }
}

PathNode& PathNode::own(size_t at) {
  Ref<PathNode>& child = children_[at];
  if (child->shared()) child = makeRef<PathNode>(*child);
  return *child;
}

void PathNode::insert(std::string_view path, Candidate candidate) {
  PathNode* node = this;
  while (!path.empty()) {
    size_t at = node->firsts_.find(path.front());
    if (at == std::string::npos) {
      auto leaf = makeRef<PathNode>();
      leaf->label_ = path;
      node->firsts_ += path.front();
      node = node->children_.emplace_back(std::move(leaf)).get();
      break;
    }
    PathNode* child = &node->own(at);
    size_t length = common(child->label_, path);
    if (length < child->label_.size()) {
      auto fork = makeRef<PathNode>();
      fork->label_ = child->label_.substr(0, length);
      child->label_.erase(0, length);
      fork->firsts_ += child->label_.front();
      fork->children_.push_back(std::move(node->children_[at]));
      child = fork.get();
      node->children_[at] = std::move(fork);
    }
    node = child;
    path.remove_prefix(length);
  }
  insertCandidate(node->candidates_, std::move(candidate));
}

void PathNode::erase(std::string_view path, const Candidate& candidate) {
  struct Step {
    PathNode* parent;
    size_t at;
  };
  std::vector<Step> way;
  PathNode* node = this;
  while (!path.empty()) {
    size_t at = node->firsts_.find(path.front());
    if (at == std::string::npos) return;
    if (path.substr(0, node->children_[at]->label_.size()) != node->children_[at]->label_) return;
    PathNode* child = &node->own(at);
    way.push_back({node, at});
    path.remove_prefix(child->label_.size());
    node = child;
  }
  eraseCandidate(node->candidates_, candidate);
  if (way.empty()) return;
  if (node->empty()) {
    way.back().parent->removeChild(way.back().at);
    node = way.back().parent;
    way.pop_back();
  }
  if (!way.empty()) node->joinOnlyChild();
}

void PathNode::removeChild(size_t at) {
  firsts_.erase(at, 1);
  children_.erase(children_.begin() + static_cast<ptrdiff_t>(at));
}

/// A node that neither ends a path nor forks is made one with what follows it.
void PathNode::joinOnlyChild() {
  if (!candidates_.empty() || children_.size() != 1) return;
  Ref<PathNode> child = children_.front();
  label_ += child->label_;
  candidates_ = child->candidates_;
  firsts_ = child->firsts_;
  std::vector<Ref<PathNode>> below = child->children_;
  children_ = std::move(below);
}

}  // namespace tollgate::route
