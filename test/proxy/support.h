#pragma once

// A client, the proxy and an origin over real sockets in one loop.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/http/filter_plan.h"
#include "source/net/listener.h"
#include "source/proxy/http_connection_manager.h"
#include "source/proxy/worker_context.h"

namespace tollgate::proxy {

using event::EventLoop;
using event::Millis;

class EmptyDirectory final : public http::Directory {
 public:
  http::KeyOwner findKey(std::string_view) const override { return {}; }
  const http::Consumer* findConsumerById(std::string_view) const override { return nullptr; }
  const http::Consumer* findConsumerByName(std::string_view) const override { return nullptr; }
};

/// A non-blocking socket that the test reads and writes while the loop runs.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Peer& operator=(Peer&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Peer() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// Closes with a reset instead of an orderly end.
  void reset() {
    linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  /// Sends no more; still reads.
  void endOutput() { ::shutdown(fd_, SHUT_WR); }
  static Peer connect(const net::Address& address) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ::connect(fd, address.sockaddrPtr(), address.length());
    return Peer(fd);
  }
  size_t send(std::string_view bytes) {
    ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent > 0 ? static_cast<size_t>(sent) : 0;
  }
  /// Reads what is there; false once the other side has closed.
  bool read(std::string& into) {
    char bytes[65536];
    while (true) {
      ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN;
      into.append(bytes, static_cast<size_t>(got));
    }
  }
  /// Reads at most `limit` bytes.
  void readSome(size_t limit, std::string& into) {
    std::string bytes(limit, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), limit, 0);
    if (got > 0) into.append(bytes, 0, static_cast<size_t>(got));
  }

 private:
  int fd_;
};

class ProxyTest : public testing::Test {
 protected:
  ProxyTest() : worker_(loop_, settings_, {}, [](auto&&...) { return nullptr; }, {}) {
    origin_ = listen([this](int fd) {
      boundRoom(fd);
      origins_.emplace_back(fd);
    });
    proxy_ = listen([this](int fd) {
      boundRoom(fd);
      auto connection = std::make_unique<net::Connection>(
          loop_, worker_.slabs, fd, net::makeTcpTransport(fd), false, worker_.rules);
      HttpConnectionManager::serve(worker_, std::move(connection), 8000, listenerFilters_);
    });
    service_.id = "service-1";
    service_.protocol = "http";
    service_.host = "127.0.0.1";
    service_.port = origin_->address().port();
    service_.setHostHeader(origin_->address().toString());
    service_.literal = origin_->address();
    service_.path = "/base";
    route_.id = "route-1";
    route_.service = 1;
    publish();
  }
  ~ProxyTest() override {
    client_.close();
    origins_.clear();
    worker_.dropConnections();  // where a test ends in the middle of an exchange
    for (int i = 0; i < 3; ++i) loop_.runOnce(Millis(1));
  }

  /// What the kernel takes of a sender that nobody reads is not to depend on its mood.
  static void boundRoom(int fd) {
    const int bytes = 256 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  std::unique_ptr<net::Listener> listen(std::function<void(int)> accept) {
    auto listener = net::Listener::open(loop_, *net::Address::parse("127.0.0.1", 0), {},
                                        [accept](int fd, const net::Address&) { accept(fd); });
    return std::move(listener).value();
  }

  void publish() {
    auto snapshot = std::make_shared<Snapshot>();
    route::RouteSpec spec;
    spec.id = route_.id;
    spec.paths = {"/api"};
    spec.payload = &route_;
    snapshot->routes = route::RouteTable::build({spec});
    snapshot->directory = std::make_shared<EmptyDirectory>();
    snapshot->services.edit(route_.service) = {std::shared_ptr<void>(), &service_};  // not owned
    snapshot->globalPlan = globalPlan_;
    worker_.setSnapshot(snapshot);
  }

  /// Runs the loop until the condition holds; fails after five seconds.
  template <typename F>
  bool until(F condition) {
    auto deadline = event::Clock::now() + std::chrono::seconds(5);
    while (!condition()) {
      if (event::Clock::now() > deadline) return false;
      loop_.runOnce(Millis(5));
    }
    return true;
  }

  bool originHas(size_t index, std::string_view text, std::string& seen) {
    return until([&] {
      if (origins_.size() <= index) return false;
      origins_[index].read(seen);
      return seen.find(text) != std::string::npos;
    });
  }
  bool clientHas(std::string_view text) {
    return until([&] {
      client_.read(answer_);
      return answer_.find(text) != std::string::npos;
    });
  }

  ProxySettings settings_;
  EventLoop loop_;
  WorkerContext worker_;
  std::unique_ptr<net::Listener> origin_, proxy_;
  std::vector<Peer> origins_;
  Peer client_{-1};
  std::string answer_;
  upstream::Service service_;
  Route route_;
  const ListenerFilters* listenerFilters_ = nullptr;  ///< Of connections that come from now on.
  std::shared_ptr<const http::FilterPlan> globalPlan_;
};

}  // namespace tollgate::proxy
