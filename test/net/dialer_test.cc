#include "source/net/dialer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "source/net/datagrams.h"
#include "test/support/ports.h"
#include "test/support/run_until.h"

namespace tollgate::net {
namespace {

/// A bound socket of the loopback address; one of TCP listens.
struct Bound {
  explicit Bound(int type) : fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    if (type == SOCK_STREAM) ::listen(fd, 8);
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Bound() { ::close(fd); }
  std::string receive() {
    char bytes[70000];
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(bytes, static_cast<size_t>(got));
  }
  int fd;
  uint16_t port = 0;
};

class DialerTest : public testing::Test {
 protected:
  struct Outcome {
    std::unique_ptr<Connection> connection;
    std::string error;
  };
  struct Quiet final : ConnectionHandler {
    void onData(Connection&, bool) override {}
    void onClosed(Connection&, std::string_view) override {}
  };
  DialerTest() {
    hosts_ = testing::TempDir() + "dialer_hosts_" + std::to_string(::getpid());
    std::ofstream(hosts_) << "127.0.0.1 here.test\n127.0.0.9 two.test\n127.0.0.1 two.test\n";
    ResolverSettings settings;
    settings.hostsFile = hosts_;
    settings.servers = "127.0.0.1:" + std::to_string(test::freePort());
    settings.timeout = std::chrono::milliseconds(50);
    settings.tries = 1;
    dialer_ = std::make_unique<Dialer>(loop_, settings);
  }
  ~DialerTest() override { ::unlink(hosts_.c_str()); }
  Outcome dial(Dialer::Target target) {
    std::optional<Outcome> out;
    dialer_->dial(std::move(target), [&](std::unique_ptr<Connection> c, std::string_view error) {
      if (c != nullptr) c->setHandler(quiet_);
      out = Outcome{std::move(c), std::string(error)};
    });
    EXPECT_FALSE(out.has_value()) << "told within the call";
    EXPECT_TRUE(test::runUntil(loop_, [&] { return out.has_value(); }));
    return out ? std::move(*out) : Outcome{};
  }
  static Dialer::Target target(std::string host, uint16_t port) {
    Dialer::Target out;
    out.host = std::move(host);
    out.port = port;
    return out;
  }

  std::string hosts_;
  event::EventLoop loop_;
  Quiet quiet_;
  std::unique_ptr<Dialer> dialer_;
};

TEST_F(DialerTest, ConnectsToAnAddressAndToAName) {
  Bound server(SOCK_STREAM);
  for (const char* host : {"127.0.0.1", "here.test"}) {
    Outcome got = dial(target(host, server.port));
    ASSERT_NE(got.connection, nullptr) << host << ": " << got.error;
    EXPECT_EQ(got.connection->peerAddress().port(), server.port);
  }
}

TEST_F(DialerTest, GoesOnToTheNextAddressWhereOneRefuses) {
  Bound server(SOCK_STREAM);  // at 127.0.0.1, not at 127.0.0.9
  for (int i = 0; i < 2; ++i) {
    Outcome got = dial(target("two.test", server.port));
    ASSERT_NE(got.connection, nullptr) << got.error;
    EXPECT_EQ(got.connection->peerAddress().ip(), "127.0.0.1");
  }
}

TEST_F(DialerTest, SaysWhyThereIsNoConnection) {
  EXPECT_EQ(dial(target("127.0.0.1", test::freePort())).error, "connection refused");
  EXPECT_TRUE(dial(target("nobody.test", 80)).error.starts_with("its name"));
}

TEST_F(DialerTest, EndsInTimeWhereNobodyShakesHands) {
  struct Never final : TlsClient {
    struct Transport final : net::Transport {
      IoResult read(buffer::Buffer&, size_t, bool) override { return {}; }
      IoResult write(buffer::Buffer&) override { return {}; }
      void shutdownWrite() override {}
      bool established() const override { return false; }
      IoResult handshake() override { return {}; }
    };
    std::unique_ptr<net::Transport> connect(int, std::string_view name) const override {
      asked = name;
      return std::make_unique<Transport>();
    }
    mutable std::string asked;
  };
  Bound server(SOCK_STREAM);
  auto never = std::make_shared<Never>();
  Dialer::Target slow = target("here.test", server.port);
  slow.tls = never;
  slow.timeout = std::chrono::milliseconds(30);
  EXPECT_EQ(dial(slow).error, "not connected in time");
  EXPECT_EQ(never->asked, "here.test");
  slow.serverName = "other.test";
  dial(slow);
  EXPECT_EQ(never->asked, "other.test");
}

TEST_F(DialerTest, OneThatIsCancelledIsNotTold) {
  Bound server(SOCK_STREAM);
  bool told = false;
  for (const char* host : {"127.0.0.1", "here.test", "nobody.test"}) {
    dialer_->cancel(
        dialer_->dial(target(host, server.port), [&](auto, std::string_view) { told = true; }));
  }
  ASSERT_NE(dial(target("127.0.0.1", server.port)).connection, nullptr);
  EXPECT_FALSE(told);
}

TEST_F(DialerTest, DatagramsGoToANameInTheirOrder) {
  Bound server(SOCK_DGRAM);
  DatagramSender sender(*dialer_, "here.test", server.port);
  sender.send("one");
  sender.send("two");
  std::string seen;
  ASSERT_TRUE(test::runUntil(loop_, [&] {
    seen += server.receive();
    return seen.size() == 6;
  }));
  EXPECT_EQ(seen, "onetwo");
  EXPECT_EQ(sender.sent(), 2u);
  EXPECT_EQ(sender.takeError(), "");
}

TEST_F(DialerTest, DatagramsThatCannotGoAreLostAndCounted) {
  DatagramSender nowhere(*dialer_, "nobody.test", 9);
  nowhere.send("one");
  nowhere.send("two");
  ASSERT_TRUE(test::runUntil(loop_, [&] { return nowhere.lost() == 2; }));
  EXPECT_TRUE(nowhere.takeError().starts_with("its name"));
  Bound server(SOCK_DGRAM);
  DatagramSender sender(*dialer_, "127.0.0.1", server.port);
  sender.send(std::string(DatagramSender::kMaxDatagramBytes + 1, 'x'));
  EXPECT_EQ(sender.lost(), 1u);
  EXPECT_EQ(sender.takeError(), "a datagram is larger than the network takes");
}

}  // namespace
}  // namespace tollgate::net
