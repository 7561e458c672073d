#include "source/upstream/least_connections.h"

#include "source/upstream/cluster.h"

namespace tollgate::upstream {

LeastConnections::LeastConnections(const Cluster& cluster, size_t worker)
    : cluster_(cluster), worker_(worker), positions_(cluster.members().size(), kNone) {
  for (uint32_t member = 0; member < cluster.members().size(); ++member) {
    if (cluster.members()[member].weight == 0) continue;
    picks_ = std::max(picks_, cluster.load(member, worker).lastPick);
    heap_.push_back(member);
    place(heap_.size() - 1, member);
    up(heap_.size() - 1);
  }
}

bool LeastConnections::before(uint32_t a, uint32_t b) const {
  const EndpointLoad& first = cluster_.load(a, worker_);
  const EndpointLoad& second = cluster_.load(b, worker_);
  const uint64_t left = uint64_t{first.active + 1} * cluster_.members()[b].weight;
  const uint64_t right = uint64_t{second.active + 1} * cluster_.members()[a].weight;
  if (left != right) return left < right;
  return first.lastPick < second.lastPick;
}

uint32_t LeastConnections::search(size_t position, uint32_t best, const Request& request,
                                  bool skipTried) const {
  if (position >= heap_.size()) return best;
  const uint32_t member = heap_[position];
  // What lies below comes later: it cannot be better than this one, nor than what was found.
  if (best != kNone && !before(member, best)) return best;
  if (cluster_.available(member) && !(skipTried && request.hasTried(member))) return member;
  best = search(2 * position + 1, best, request, skipTried);
  return search(2 * position + 2, best, request, skipTried);
}

uint32_t LeastConnections::pick(const Request& request) {
  uint32_t member = search(0, kNone, request, true);
  if (member == kNone && !request.tried.empty()) member = search(0, kNone, request, false);
  if (member == kNone) return kNone;
  cluster_.load(member, worker_).lastPick = ++picks_;
  loadChanged(member);
  return member;
}

void LeastConnections::loadChanged(uint32_t member) {
  if (positions_[member] == kNone) return;
  up(positions_[member]);
  down(positions_[member]);
}

void LeastConnections::place(size_t position, uint32_t member) {
  heap_[position] = member;
  positions_[member] = static_cast<uint32_t>(position);
}

void LeastConnections::up(size_t position) {
  const uint32_t member = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!before(member, heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, member);
}

void LeastConnections::down(size_t position) {
  const uint32_t member = heap_[position];
  while (true) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], member)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, member);
}

}  // namespace tollgate::upstream
