#include "source/net/dialer.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "source/base/host_port.h"
#include "source/net/connect.h"

namespace tollgate::net {
namespace {

constexpr size_t kMaxAddresses = 4;  // tried of one host in one call

std::string_view resolveErrorText(ResolveError error) {
  return error == ResolveError::kNotFound ? "its name is not known"
                                          : "its name cannot be resolved: no name server answers";
}

/// The first few different ones, beginning with the one whose turn it is.
std::vector<Address> choose(const std::vector<Address>& all, size_t turn, uint16_t port) {
  std::vector<Address> out;
  for (size_t i = 0; i < all.size() && out.size() < kMaxAddresses; ++i) {
    Address next = all[(turn + i) % all.size()];
    if (next.port() == 0) next.setPort(port);
    if (std::find(out.begin(), out.end(), next) == out.end()) out.push_back(next);
  }
  return out;
}

}  // namespace

std::string Dialer::Target::text() const {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// One call of dial(), until `done` is called.
class Dialer::Attempt final : public ConnectionHandler, public event::Deferred {
 public:
  Attempt(Dialer& owner, uint64_t id, Target target, Done done)
      : owner_(owner),
        id_(id),
        target_(std::move(target)),
        done_(std::move(done)),
        deadline_(owner.loop_.now() + target_.timeout) {}

  uint64_t id() const { return id_; }

  void start() {
    owner_.loop_.armAt(timer_, deadline_);
    resolving_ = owner_.resolve(target_.host, target_.port, target_.followSrv,
                                [this](std::vector<Address> addresses, std::string_view error) {
                                  resolving_ = 0;
                                  addresses_ = std::move(addresses);
                                  if (addresses_.empty()) return fail(error);
                                  next();
                                });
  }

  /// Nobody waits for it any more.
  void abandon() {
    over_ = true;
    owner_.cancelResolve(resolving_);
    if (connection_ != nullptr) {
      connection_->close(Connection::Close::kNow, "not wanted any more");
      owner_.loop_.deferDelete(std::move(connection_));
    }
  }

  void onConnected(Connection&) override {
    if (over_) return;
    over_ = true;
    owner_.finish(*this, std::move(done_), std::move(connection_), {});
  }
  void onData(Connection&, bool) override {}
  void onClosed(Connection&, std::string_view reason) override {
    if (over_) return;
    owner_.loop_.deferDelete(std::move(connection_));
    failed(reason);
  }

 private:
  /// Tries the next address, with its share of the time that is left.
  void next() {
    const Address address = addresses_[tried_++];
    const ConnectingSocket begun = beginConnect(address);
    if (!begun.opened) return fail("no socket can be opened");
    if (begun.fd < 0) return failed(connectErrorText(begun.error));
    auto transport = makeTransport(begun.fd);
    if (transport == nullptr) {
      ::close(begun.fd);
      return fail("tls: no context");
    }
    const auto left = deadline_ - owner_.loop_.now();
    owner_.loop_.arm(timer_, left / static_cast<int>(addresses_.size() - tried_ + 1));
    connection_ = std::make_unique<Connection>(owner_.loop_, owner_.slabs_, begun.fd,
                                               std::move(transport), true, owner_.rules_);
    connection_->start(*this);
  }

  std::unique_ptr<Transport> makeTransport(int fd) {
    if (target_.tls == nullptr) return makeTcpTransport(fd);
    std::string_view name = target_.serverName.empty() ? target_.host : target_.serverName;
    return target_.tls->connect(fd, target_.sendServerName ? name : std::string_view());
  }

  void failed(std::string_view reason) {
    if (tried_ < addresses_.size() && owner_.loop_.now() < deadline_) return next();
    fail(reason);
  }

  void fail(std::string_view reason) {
    if (over_) return;
    over_ = true;
    owner_.finish(*this, std::move(done_), nullptr, std::string(reason));
  }

  void onTimer() {
    if (over_) return;
    if (connection_ == nullptr) {
      owner_.cancelResolve(std::exchange(resolving_, 0));
      return fail("its name was not resolved in time");
    }
    connection_->close(Connection::Close::kNow, "not connected in time");
  }

  Dialer& owner_;
  const uint64_t id_;
  const Target target_;
  Done done_;
  const event::TimePoint deadline_;
  std::vector<Address> addresses_;
  size_t tried_ = 0;
  uint64_t resolving_ = 0;
  bool over_ = false;
  std::unique_ptr<Connection> connection_;
  event::MemberTimer<Attempt, &Attempt::onTimer> timer_{*this};
};

Dialer::Dialer(event::EventLoop& loop, const ResolverSettings& resolver,
               const ConnectionLimits& limits)
    : loop_(loop), settings_(resolver), rules_(limits) {}

Dialer::~Dialer() {
  for (auto& attempt : attempts_) attempt->abandon();
}

Resolver& Dialer::resolver(bool followSrv) {
  std::unique_ptr<Resolver>& wanted = followSrv ? bySrv_ : byAddress_;
  if (wanted == nullptr) {
    ResolverSettings settings = settings_;
    if (!followSrv) std::erase(settings.order, RecordType::kSrv);
    wanted = std::make_unique<Resolver>(loop_, std::move(settings));
  }
  return *wanted;
}

uint64_t Dialer::resolve(const std::string& host, uint16_t port, bool followSrv, Resolved done) {
  const std::string_view bare = HostPort{host, {}}.bareHost();
  if (auto literal = Address::parse(bare, port)) {
    done({*literal}, {});
    return 0;
  }
  Resolver& names = resolver(followSrv);
  const uint64_t id =
      names.resolve(host, [&names, port, done = std::move(done)](
                              const std::vector<Address>& addresses, ResolveError error) {
        done(choose(addresses, names.turn(), port),
             addresses.empty() ? resolveErrorText(error) : std::string_view());
      });
  return id == 0 ? 0 : id * 2 + (followSrv ? 1 : 0);
}

void Dialer::cancelResolve(uint64_t id) {
  if (id != 0) resolver(id % 2 == 1).cancel(id / 2);
}

uint64_t Dialer::dial(Target target, Done done) {
  const uint64_t id = nextId_++;
  attempts_.push_back(std::make_unique<Attempt>(*this, id, std::move(target), std::move(done)));
  attempts_.back()->start();
  return id;
}

/// Takes the attempt out of the list; it is freed after the pass.
void Dialer::bury(uint64_t id) {
  auto found = std::find_if(attempts_.begin(), attempts_.end(),
                            [id](const auto& each) { return each->id() == id; });
  if (found == attempts_.end()) return;
  loop_.deferDelete(std::move(*found));
  attempts_.erase(found);
}

void Dialer::cancel(uint64_t id) {
  for (auto& attempt : attempts_) {
    if (attempt->id() != id) continue;
    attempt->abandon();
    return bury(id);
  }
}

void Dialer::finish(Attempt& attempt, Done done, std::unique_ptr<Connection> connection,
                    std::string error) {
  const uint64_t id = attempt.id();
  if (connection != nullptr) {
    bury(id);
    return done(std::move(connection), {});
  }
  // dial() may still be under way.
  loop_.post([this, alive = std::weak_ptr<bool>(alive_), id, done = std::move(done),
              error = std::move(error)] {
    if (alive.expired()) return;
    const bool wanted = std::any_of(attempts_.begin(), attempts_.end(),
                                    [id](const auto& each) { return each->id() == id; });
    if (!wanted) return;  // cancelled meanwhile
    bury(id);
    done(nullptr, error);
  });
}

}  // namespace tollgate::net
