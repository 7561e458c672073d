#include "source/proxy/tcp_proxy.h"

#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

class TcpProxyTest : public ProxyTest {
 protected:
  TcpProxyTest() {
    tunnel_ = listen([this](int fd) {
      auto connection = std::make_unique<net::Connection>(
          loop_, worker_.slabs, fd, net::makeTcpTransport(fd), false, worker_.tunnelRules);
      TcpProxy::Target target{"127.0.0.1", origin_->address().port(), Millis(5000), idle_};
      TcpProxy::serve(worker_, std::move(connection), target);
    });
  }
  ~TcpProxyTest() override {
    if (fd_ >= 0) ::close(fd_);
  }
  int connect() {
    const net::Address address = tunnel_->address();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::connect(fd_, address.sockaddrPtr(), address.length());
    return fd_;
  }
  uint64_t active() const { return worker_.counters.active; }

  std::unique_ptr<net::Listener> tunnel_;
  Millis idle_{3600000};
  int fd_ = -1;
};

TEST_F(TcpProxyTest, AClientMayEndItsSideBeforeTheOriginIsConnected) {
  int client = connect();
  ASSERT_EQ(::send(client, "ask", 3, 0), 3);
  ASSERT_EQ(::shutdown(client, SHUT_WR), 0);
  std::string seen, answer;
  bool open = true;
  ASSERT_TRUE(until([&] {
    if (!origins_.empty() && open) open = origins_[0].read(seen);
    return !open;
  })) << "the origin sees the end";
  EXPECT_EQ(seen, "ask");
  origins_[0].send("answer");
  origins_[0].close();
  ASSERT_TRUE(until([&] {
    char bytes[64];
    ssize_t got = ::recv(client, bytes, sizeof bytes, 0);
    if (got > 0) answer.append(bytes, static_cast<size_t>(got));
    return got == 0;
  }));
  EXPECT_EQ(answer, "answer");
  EXPECT_TRUE(until([&] { return active() == 0; }));
}

TEST_F(TcpProxyTest, HoldsLittleOfWhatTheOtherSideDoesNotTake) {
  int client = connect();
  ASSERT_TRUE(until([&] { return !origins_.empty(); }));
  const std::string block(64 * 1024, 'x');
  size_t most = 0;
  for (int pass = 0; pass < 300; ++pass) {
    while (::send(client, block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    while (origins_[0].send(block) > 0) {
    }
    loop_.runOnce(Millis(1));
    most = std::max(most, worker_.slabs.inUse() * buffer::SlabPool::kSlabBytes);
  }
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, 1024u * 1024) << "both directions together";
}

TEST_F(TcpProxyTest, EndsWhenNothingMovesForTheIdleTimeout) {
  idle_ = Millis(50);
  connect();
  ASSERT_TRUE(until([&] { return !origins_.empty(); }));
  EXPECT_TRUE(until([&] { return active() == 0; }));
}

}  // namespace
}  // namespace tollgate::proxy
