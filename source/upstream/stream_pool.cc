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
    static_cast<ListLink<SharedTag>&>(*raw).unlink();
    static_cast<ListLink<OpeningTag>&>(*raw).unlink();
  }
  origins_.clear();
  places_.clear();
  all_.clear();
}

Opening StreamPool::open(const Target& target, StreamWaiter& waiter) {
  const PoolKeyView key = keyOf(target);
  if (target.fresh) counters_.renewed.add();
  auto origin = origins_.find(key);
  if (origin == origins_.end()) return connect(target, key, waiter);
  if (target.http2() != Http2::kNever) {
    const Opening opening = openShared(origin->second, target, waiter);
    if (opening.stream != nullptr || opening.waiting) return opening;
  }
  if (target.fresh || origin->second.idle.empty()) return connect(target, key, waiter);
  return reuse(*origin->second.idle.front());
}

Opening StreamPool::reuse(OriginConnection& connection) {
  removeIdle(connection);
  counters_.reused.add();
  Opening opening;
  opening.stream = &connection.serve();
  opening.reused = true;
  return opening;
}

/// Of HTTP/2: on a connection that has room, or with others on one that is being made.
Opening StreamPool::openShared(Origin& origin, const Target& target, StreamWaiter& waiter) {
  // One that is being left may not have said so yet.
  while (OriginConnection* connection = origin.shared.front()) {
    if (connection->hasRoom()) return reuse(*connection);
    connection->share();
  }
  Opening opening;
  OriginConnection* connection = origin.http1Only ? nullptr : origin.opening.front();
  if (connection == nullptr) return opening;
  connection->wait(waiter, target);
  if (connection->waiters_ >= settings_.http2.maxStreams) {
    static_cast<ListLink<OpeningTag>&>(*connection).unlink();
  }
  opening.waiting = true;
  return opening;
}

/// The connection that `waiter` was waiting for has no room for it.
void StreamPool::openAgain(StreamWaiter& waiter) {
  const Opening opening = open(waiter.target_, waiter);
  if (opening.stream != nullptr) {
    waiter.onStreamReady(*opening.stream, opening.reused);
  } else if (!opening.waiting) {
    waiter.onStreamFailed(false, opening.failure);
  }
}

void StreamPool::cancel(StreamWaiter& waiter) {
  if (!waiter.linked()) return;
  static_cast<ListLink<WaiterTag>&>(waiter).unlink();
  OriginConnection& connection = *waiter.connection_;
  if (!connection.ready_ && connection.waiting_.empty()) connection.closeNow("abandoned");
}

/// What connections must share to be interchangeable.
PoolKeyView StreamPool::keyOf(const Target& target) {
  const Service& service = *target.service;
  if (target.address == &service.literal && !service.literalKey.empty()) {
    return service.literalKey.view();
  }
  keyScratch_.assign(service.poolKey);
  if (target.http2() != service.http2) keyScratch_.append("1|");
  keyScratch_.append(target.address->bytes());
  if (service.tls) keyScratch_.append(target.serverName);
  return PoolKeyView(keyScratch_);
}

Opening StreamPool::connect(const Target& target, const PoolKeyView& key, StreamWaiter& waiter) {
  Opening opening;
  const net::ConnectingSocket begun = net::beginConnect(*target.address);
  if (begun.fd < 0) {
    opening.failure = begun.opened ? net::connectErrorText(begun.error) : "no socket";
    return opening;
  }
  const int fd = begun.fd;
  const bool tls = target.service->tls;
  std::unique_ptr<net::Transport> transport = tls ? tls_(target, fd) : net::makeTcpTransport(fd);
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
  auto owned = std::make_unique<OriginConnection>(*this, origin, target.http2(), std::move(socket));
  OriginConnection& connection = *owned;
  all_.emplace(&connection, std::move(owned));
  counters_.opened.add();
  counters_.open.add();
  connection.wait(waiter, target);
  if (target.http2() != Http2::kNever && !origin.http1Only) origin.opening.pushFront(connection);
  connection.connect(target.service->connectTimeout);
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
  if (static_cast<ListLink<IdleOfAllTag>&>(connection).linked()) return;
  Origin& origin = connection.origin_;
  Place& place = *origin.place;
  const size_t most = std::min(settings_.maxIdlePerOrigin, settings_.maxIdle);
  if (most == 0 || connection.requests_ >= settings_.maxRequests)
    return connection.retire("not kept");
  if (place.idleCount >= most) {
    place.idle.back()->retire("idle, and others were used later");
  } else if (idle() >= settings_.maxIdle) {
    idle_.back()->retire("idle, and others were used later");
  }
  if (connection.http2_ == nullptr) origin.idle.pushFront(connection);
  place.idle.pushFront(connection);
  idle_.pushFront(connection);
  ++place.idleCount;
  counters_.idle.add();
  loop_.arm(connection.idleTimer_, settings_.idleTimeout);
}

void StreamPool::removeIdle(OriginConnection& connection) {
  if (!static_cast<ListLink<IdleOfAllTag>&>(connection).linked()) return;
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
    if (static_cast<ListLink<IdleOfAllTag>&>(*connection).linked()) idle.push_back(connection);
  }
  for (OriginConnection* connection : idle) connection->retire("idle, and descriptors are short");
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
