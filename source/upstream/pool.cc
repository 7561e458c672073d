#include "source/upstream/pool.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "source/http1/client_codec.h"
#include "source/net/connect.h"

namespace tollgate::upstream {

UpstreamConnection::UpstreamConnection(Pool& pool, Origin& origin,
                                       std::unique_ptr<net::Connection> connection)
    : pool_(pool),
      origin_(origin),
      connection_(std::move(connection)),
      codec_(http1::makeClientCodec(connection_->output(), http::CodecLimits{})) {}

void UpstreamConnection::onConnected(net::Connection&) {
  event::EventLoop::cancel(connectTimer_);
  const auto took = pool_.loop_.now() - begun_;
  pool_.counters_.connect.observe(
      static_cast<uint64_t>(std::chrono::duration_cast<event::Millis>(took).count()));
  ready_ = true;
  requests_ = 1;
  if (user_ != nullptr) {
    user_->onUpstreamReady(*this);
  } else {
    pool_.toIdle(*this);
  }
}

void UpstreamConnection::onData(net::Connection& connection, bool end) {
  if (user_ == nullptr) {
    // Bytes or the end on an idle connection: nothing may follow the last response.
    return closeNow("closed while idle");
  }
  inCodec_ = true;
  codec_->onData(connection.input(), end);
  inCodec_ = false;
  if (closed_) return;
  if (releaseAfterCodec_) {
    releaseAfterCodec_ = false;
    release();
    return;
  }
  if (end) closeNow("closed by the upstream");
}

void UpstreamConnection::onWritable(net::Connection&) {
  if (user_ != nullptr) user_->onUpstreamWritable();
}

void UpstreamConnection::onClosed(net::Connection&, std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  UpstreamUser* user = user_;
  user_ = nullptr;
  pool_.removeIdle(*this);
  if (user != nullptr) {
    if (!ready_) {
      user->onUpstreamFailed(reason == "connect timeout", reason);
    } else {
      buffer::Buffer nothing(connection_->input().pool());
      inCodec_ = true;
      brokenBy_ = reason;
      codec_->onData(nothing, true);  // tells the sink, if the response is not complete
      inCodec_ = false;
    }
  }
  pool_.destroy(*this);
}

/// Whether the origin has the whole request. One that answers before it has may never read the
/// rest, and the next request would stand behind that. Of a small one it is taken for granted.
bool UpstreamConnection::requestTaken() const {
  constexpr uint64_t kSmall = 64 * 1024;
  if (!connection_->output().empty()) return false;
  if (connection_->bytesWritten() - before_ <= kSmall) return true;
  int waiting = 0;
  return ioctl(connection_->fd(), SIOCOUTQ, &waiting) == 0 && waiting == 0;
}

void UpstreamConnection::release() {
  if (inCodec_) {
    releaseAfterCodec_ = true;
    return;
  }
  user_ = nullptr;
  if (closed_) return;
  if (codec_->reusable() && connection_->input().empty() && requestTaken()) {
    pool_.toIdle(*this);
  } else {
    abort();
  }
}

void UpstreamConnection::abort() {
  user_ = nullptr;
  codec_->abandon();
  closeNow("abandoned");
}

void UpstreamConnection::closeNow(std::string_view reason) {
  if (!closed_) connection_->close(net::Connection::Close::kNow, reason);
}

void UpstreamConnection::onConnectTimeout() { closeNow("connect timeout"); }
void UpstreamConnection::onIdleTimeout() { closeNow("idle"); }

Pool::~Pool() {
  for (auto& [raw, owned] : all_) {
    raw->closed_ = true;
    static_cast<ListLink<IdleTag>&>(*raw).unlink();
    static_cast<ListLink<IdleOfPlaceTag>&>(*raw).unlink();
  }
  origins_.clear();
  places_.clear();
  all_.clear();
}

UpstreamConnection* Pool::acquire(const Service& service, const net::Address& address,
                                  std::string_view serverName, bool fresh, UpstreamUser& user,
                                  UpstreamConnection*& pending) {
  pending = nullptr;
  const PoolKeyView key = keyOf(service, address, serverName);
  if (!fresh) {
    auto origin = origins_.find(key);
    if (origin != origins_.end() && !origin->second.idle.empty()) {
      UpstreamConnection* connection = origin->second.idle.front();
      removeIdle(*connection);
      counters_.reused.add();
      connection->user_ = &user;
      ++connection->requests_;
      connection->before_ = connection->connection_->bytesWritten();
      return connection;
    }
  }
  if (fresh) counters_.renewed.add();
  pending = connect(service, address, key, serverName, user);
  if (pending != nullptr && pending->ready_) return pending;
  return nullptr;
}

/// What connections must share to be interchangeable.
PoolKeyView Pool::keyOf(const Service& service, const net::Address& address,
                        std::string_view serverName) {
  if (&address == &service.literal && !service.literalKey.empty()) return service.literalKey.view();
  keyScratch_.assign(service.poolKey);
  keyScratch_.append(address.bytes());
  if (service.tls) keyScratch_.append(serverName);
  return PoolKeyView(keyScratch_);
}

UpstreamConnection* Pool::connect(const Service& service, const net::Address& address,
                                  const PoolKeyView& key, std::string_view serverName,
                                  UpstreamUser& user) {
  const net::ConnectingSocket begun = net::beginConnect(address);
  if (begun.fd < 0) {
    failure_ = begun.opened ? net::connectErrorText(begun.error) : "no socket";
    return nullptr;
  }
  const int fd = begun.fd;
  std::unique_ptr<net::Transport> transport =
      service.tls ? tls_(service, fd, serverName) : net::makeTcpTransport(fd);
  if (transport == nullptr) {
    failure_ = "tls: no context for the service";
    ::close(fd);
    return nullptr;
  }
  auto socket =
      std::make_unique<net::Connection>(loop_, slabs_, fd, std::move(transport), true, rules_);
  const size_t nameSize = service.tls ? serverName.size() : 0;
  Origin& origin = originOf(key, key.text.substr(0, key.text.size() - nameSize));
  ++origin.open;
  auto owned = std::make_unique<UpstreamConnection>(*this, origin, std::move(socket));
  UpstreamConnection* connection = owned.get();
  all_.emplace(connection, std::move(owned));
  counters_.opened.add();
  counters_.open.add();
  connection->user_ = &user;
  connection->begun_ = loop_.now();
  connection->connection_->start(*connection);
  loop_.arm(connection->connectTimer_, service.connectTimeout);
  return connection;
}

Origin& Pool::originOf(const PoolKeyView& key, std::string_view placeKey) {
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

void Pool::toIdle(UpstreamConnection& connection) {
  Origin& origin = connection.origin_;
  Place& place = *origin.place;
  const size_t most = std::min(settings_.maxIdlePerOrigin, settings_.maxIdle);
  if (most == 0 || connection.requests_ >= settings_.maxRequests) return connection.abort();
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

void Pool::removeIdle(UpstreamConnection& connection) {
  if (!static_cast<ListLink<IdleTag>&>(connection).linked()) return;
  static_cast<ListLink<IdleTag>&>(connection).unlink();
  static_cast<ListLink<IdleOfPlaceTag>&>(connection).unlink();
  static_cast<ListLink<IdleOfAllTag>&>(connection).unlink();
  event::EventLoop::cancel(connection.idleTimer_);
  --connection.origin_.place->idleCount;
  counters_.idle.sub();
}

size_t Pool::closeIdle(size_t most) {
  std::vector<UpstreamConnection*> idle;
  for (const auto& [connection, owned] : all_) {
    if (idle.size() == most) break;
    if (static_cast<ListLink<IdleTag>&>(*connection).linked()) idle.push_back(connection);
  }
  for (UpstreamConnection* connection : idle) connection->abort();
  return idle.size();
}

void Pool::destroy(UpstreamConnection& connection) {
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
