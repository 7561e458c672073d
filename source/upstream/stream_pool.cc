#include "source/upstream/stream_pool.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "source/net/connect.h"

namespace tollgate::upstream {

StreamPool::~StreamPool() {
  for (auto& [raw, owned] : all_) {
    raw->closed_ = true;
    static_cast<ListLink<IdleTag>&>(*raw).unlink();
    static_cast<ListLink<IdleOfPlaceTag>&>(*raw).unlink();
  }
  origins_.clear();
  places_.clear();
  all_.clear();
}

Opening StreamPool::open(const Target& target, StreamWaiter& waiter) {
  const PoolKeyView key = keyOf(target);
  if (target.fresh) {
    counters_.renewed.add();
    return connect(target, key, waiter);
  }
  auto origin = origins_.find(key);
  if (origin == origins_.end() || origin->second.idle.empty()) return connect(target, key, waiter);
  OriginConnection& connection = *origin->second.idle.front();
  removeIdle(connection);
  counters_.reused.add();
  Opening opening;
  opening.stream = &connection.serve();
  opening.reused = true;
  return opening;
}

void StreamPool::cancel(StreamWaiter& waiter) {
  if (!waiter.linked()) return;
  static_cast<ListLink<WaiterTag>&>(waiter).unlink();
  waiter.connection_->closeNow("abandoned");
}

/// What connections must share to be interchangeable.
PoolKeyView StreamPool::keyOf(const Target& target) {
  const Service& service = target.service;
  if (&target.address == &service.literal && !service.literalKey.empty()) {
    return service.literalKey.view();
  }
  keyScratch_.assign(service.poolKey);
  keyScratch_.append(target.address.bytes());
  if (service.tls) keyScratch_.append(target.serverName);
  return PoolKeyView(keyScratch_);
}

Opening StreamPool::connect(const Target& target, const PoolKeyView& key, StreamWaiter& waiter) {
  Opening opening;
  const net::ConnectingSocket begun = net::beginConnect(target.address);
  if (begun.fd < 0) {
    opening.failure = begun.opened ? net::connectErrorText(begun.error) : "no socket";
    return opening;
  }
  const int fd = begun.fd;
  const bool tls = target.service.tls;
  std::unique_ptr<net::Transport> transport =
      tls ? tls_(target.service, fd, target.serverName) : net::makeTcpTransport(fd);
  if (transport == nullptr) {
    opening.failure = "tls: no context for the service";
    ::close(fd);
    return opening;
  }
  auto socket =
      std::make_unique<net::Connection>(loop_, slabs_, fd, std::move(transport), true, rules_);
  const size_t nameSize = tls ? target.serverName.size() : 0;
  Origin& origin = originOf(key, key.text.substr(0, key.text.size() - nameSize));
  ++origin.open;
  auto owned = std::make_unique<OriginConnection>(*this, origin, std::move(socket));
  OriginConnection& connection = *owned;
  all_.emplace(&connection, std::move(owned));
  counters_.opened.add();
  counters_.open.add();
  connection.wait(waiter);
  connection.connect(target.service.connectTimeout);
  opening.waiting = true;
  return opening;
}

Origin& StreamPool::originOf(const PoolKeyView& key, std::string_view placeKey) {
  auto [origin, added] = origins_.try_emplace(std::string(key.text));
  if (added) {
    auto [place, fresh] = places_.try_emplace(std::string(placeKey));
    if (fresh) place->second.key = &place->first;
    ++place->second.origins;
    origin->second.key = &origin->first;
    origin->second.place = &place->second;
  }
  return origin->second;
}

void StreamPool::toIdle(OriginConnection& connection) {
  Origin& origin = connection.origin_;
  Place& place = *origin.place;
  const size_t most = std::min(settings_.maxIdlePerOrigin, settings_.maxIdle);
  if (most == 0 || connection.requests_ >= settings_.maxRequests)
    return connection.closeNow("not kept");
  if (place.idleCount >= most) {
    place.idle.back()->closeNow("idle, and others were used later");
  } else if (idle() >= settings_.maxIdle) {
    idle_.back()->closeNow("idle, and others were used later");
  }
  origin.idle.pushFront(connection);
  place.idle.pushFront(connection);
  idle_.pushFront(connection);
  ++place.idleCount;
  counters_.idle.add();
  loop_.arm(connection.idleTimer_, settings_.idleTimeout);
}

void StreamPool::removeIdle(OriginConnection& connection) {
  if (!static_cast<ListLink<IdleTag>&>(connection).linked()) return;
  static_cast<ListLink<IdleTag>&>(connection).unlink();
  static_cast<ListLink<IdleOfPlaceTag>&>(connection).unlink();
  static_cast<ListLink<IdleOfAllTag>&>(connection).unlink();
  event::EventLoop::cancel(connection.idleTimer_);
  --connection.origin_.place->idleCount;
  counters_.idle.sub();
}

size_t StreamPool::closeIdle(size_t most) {
  std::vector<OriginConnection*> idle;
  for (const auto& [connection, owned] : all_) {
    if (idle.size() == most) break;
    if (static_cast<ListLink<IdleTag>&>(*connection).linked()) idle.push_back(connection);
  }
  for (OriginConnection* connection : idle) connection->closeNow("idle, and descriptors are short");
  return idle.size();
}

void StreamPool::destroy(OriginConnection& connection) {
  auto found = all_.find(&connection);
  if (found == all_.end()) return;
  counters_.open.sub();
  Origin& origin = connection.origin_;
  if (--origin.open == 0) {
    Place& place = *origin.place;
    if (--place.origins == 0) places_.erase(*place.key);
    origins_.erase(*origin.key);
  }
  loop_.deferDelete(std::move(found->second));
  all_.erase(found);
}

}  // namespace tollgate::upstream
