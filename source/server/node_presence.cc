#include "source/server/node_presence.h"

namespace tollgate::server {
namespace {

constexpr std::chrono::seconds kForgetInterval{60};

}  // namespace

void NodePresence::say(store::Revision revision, const char* state) {
  changed_ = changed_ || node_.revision != revision || node_.state != state;
  node_.revision = revision;
  node_.state = state;
}

NodePresence::Clock::time_point NodePresence::due() const {
  return last_ + (changed_ ? options_.least : options_.interval);
}

void NodePresence::beat(store::Store& store) {
  auto now = Clock::now();
  store::NodeRegistry* registry = store.nodes();
  if (now < due()) return;
  last_ = now;
  if (registry == nullptr || node_.id.empty()) return;
  changed_ = !registry->heartbeat(node_, first_, options_.limits).ok();
  if (changed_) return;
  first_ = false;
  if (now < nextForget_) return;
  nextForget_ = now + kForgetInterval;
  (void)registry->forgetOld(options_.limits);  // else some other time, or some other node
}

void NodePresence::leave(store::Store& store) {
  store::NodeRegistry* registry = store.nodes();
  if (registry == nullptr || first_ || !store.reachable()) return;
  node_.state = store::NodeRecord::kStopped;
  (void)registry->heartbeat(node_, false, options_.limits);
}

}  // namespace tollgate::server
