#include "source/net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

#include "source/net/listener.h"
#include "test/support/run_until.h"

namespace tollgate::net {
namespace {

using event::EventLoop;
using event::Millis;

/// The user of a connection, which does with it what a test says.
struct User final : ConnectionHandler {
  explicit User(EventLoop& loop) : loop(loop) {}
  void onData(Connection& of, bool end) override {
    ++calls;
    highest = std::max(highest, of.input().size());
    ended = end;
    if (data) data(of);
  }
  void onWritable(Connection& of) override {
    if (writable) writable(of);
  }
  void onClosed(Connection&, std::string_view why) override {
    closed = true;
    reason = why;
    if (connection != nullptr) loop.deferDelete(std::move(connection));
  }

  EventLoop& loop;
  std::unique_ptr<Connection> connection;
  std::function<void(Connection&)> data, writable;
  std::string reason;
  size_t highest = 0;
  int calls = 0;
  bool ended = false, closed = false;
};

class ConnectionTest : public testing::Test {
 protected:
  ~ConnectionTest() override {
    user_.connection.reset();
    other_.connection.reset();
    for (int fd : peers_) ::close(fd);
    loop_.runOnce(Millis(1));
    EXPECT_EQ(slabs_.inUse(), 0u) << "slabs are left behind";
  }

  /// Connects `user`; returns the other end, non-blocking.
  int connect(User& user, std::unique_ptr<Transport> (*transport)(int) = makeTcpTransport) {
    int accepted = -1;
    auto listener = Listener::open(loop_, *Address::parse("127.0.0.1", 0), {},
                                   [&](int fd, const Address&) { accepted = fd; });
    const Address address = (*listener)->address();
    int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::connect(peer, address.sockaddrPtr(), address.length());
    while (accepted < 0) loop_.runOnce(Millis(5));
    peers_.push_back(peer);
    user.connection =
        std::make_unique<Connection>(loop_, slabs_, accepted, transport(accepted), false, rules_);
    user.connection->start(user);
    return peer;
  }
  /// Sends until the kernel takes no more.
  static size_t flood(int fd) {
    static const std::string bytes(64 * 1024, 'x');
    size_t sent = 0;
    while (true) {
      ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return sent;
      sent += static_cast<size_t>(put);
    }
  }
  template <typename F>
  bool until(F condition) {
    return tollgate::test::runUntil(loop_, condition);
  }
  static std::string readAll(int fd, bool& end) {
    std::string out;
    char bytes[65536];
    ssize_t got;
    while ((got = ::recv(fd, bytes, sizeof bytes, 0)) > 0) {
      out.append(bytes, static_cast<size_t>(got));
    }
    end = got == 0;
    return out;
  }

  EventLoop loop_;
  buffer::SlabPool slabs_;
  ConnectionRules rules_;
  User user_{loop_}, other_{loop_};
  std::vector<int> peers_;
};

constexpr size_t kOneCall = 64 * 1024;  ///< What one call to the kernel may bring beyond a mark.

TEST_F(ConnectionTest, AFastSenderPutsOffNeitherTheEndOfThePassNorOtherConnections) {
  int fast = connect(user_);
  int slow = connect(other_);
  size_t read = 0;
  user_.data = [&](Connection& of) {
    read += of.input().size();
    of.input().clear();
    flood(fast);  // faster than anybody can read: the socket is never drained
  };
  flood(fast);
  ASSERT_EQ(::send(slow, "x", 1, 0), 1);
  for (int pass = 0; pass < 50; ++pass) {
    const size_t before = read;
    loop_.runOnce(Millis(5));
    ASSERT_LE(read - before, Connection::kInputMark + kOneCall) << "in pass " << pass;
    if (other_.calls > 0 && pass > 20) break;
  }
  EXPECT_GT(read, 10 * Connection::kInputMark);
  EXPECT_GT(other_.calls, 0);
}

TEST_F(ConnectionTest, ReadsNoMoreThanTheMarkOfWhatNobodyTakes) {
  int peer = connect(user_);
  for (int pass = 0; pass < 50; ++pass) {
    flood(peer);
    loop_.runOnce(Millis(1));
  }
  EXPECT_GE(user_.highest, Connection::kInputMark);
  EXPECT_LE(user_.highest, Connection::kInputMark + kOneCall);
  // Whoever takes it outside of onData() says so, and reading goes on.
  user_.connection->input().clear();
  user_.connection->markDirty();
  const int calls = user_.calls;
  EXPECT_TRUE(until([&] { return user_.calls > calls; }));
}

TEST_F(ConnectionTest, APauseActsWithinThePassInWhichItIsAskedFor) {
  int peer = connect(user_);
  user_.data = [&](Connection& of) {
    if (of.input().size() > 0 && user_.calls == 1) of.pauseReading();
  };
  for (int pass = 0; pass < 50; ++pass) {
    flood(peer);
    loop_.runOnce(Millis(1));
  }
  EXPECT_EQ(user_.calls, 1);
  EXPECT_LE(user_.highest, 2 * buffer::SlabPool::kSlabBytes);
  user_.connection->resumeReading();
  EXPECT_TRUE(until([&] { return user_.calls > 1; }));
}

TEST_F(ConnectionTest, AResetIsNoticedWhileReadingIsPaused) {
  int peer = connect(user_);
  user_.connection->pauseReading();
  flood(peer);
  loop_.runOnce(Millis(1));
  linger hard{1, 0};
  setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(peer);
  peers_.clear();
  EXPECT_TRUE(until([&] { return user_.closed; }));
  EXPECT_EQ(user_.reason, "connection reset by peer");
}

TEST_F(ConnectionTest, AReaderAsFastAsItsWriterIsToldOnceAPass) {
  int peer = connect(user_);
  int told = 0;
  uint32_t pass = 0;
  auto fill = [&](Connection& of) {
    of.output().append(std::string(Connection::kHighMark + 1, 'x'));
    of.markDirty();
  };
  user_.writable = [&](Connection& of) {
    EXPECT_NE(pass, loop_.pass()) << "twice in a pass";
    pass = loop_.pass();
    ++told;
    bool end;
    readAll(peer, end);
    fill(of);
  };
  fill(*user_.connection);
  EXPECT_TRUE(until([&] { return told > 20; }));
}

TEST_F(ConnectionTest, AfterItsLastBytesItTakesWhatThePeerStillSendsSoThatNoneAreLost) {
  int peer = connect(user_);
  user_.data = [&](Connection& of) {
    if (of.closing()) return;
    of.output().append("answer");
    of.close(Connection::Close::kAfterFlush, "refused");
  };
  size_t sent = flood(peer);
  ASSERT_TRUE(until([&] {
    sent += flood(peer);
    return sent > 8 * 1024 * 1024;
  }));
  EXPECT_FALSE(user_.closed) << "the peer has not closed yet";
  EXPECT_EQ(user_.calls, 1) << "the user is not told of what it does not want";
  bool end = false;
  EXPECT_EQ(readAll(peer, end), "answer");
  EXPECT_TRUE(end);
  ::shutdown(peer, SHUT_WR);
  EXPECT_TRUE(until([&] { return user_.closed; }));
  EXPECT_EQ(user_.reason, "refused");
  EXPECT_EQ(rules_.counters.lingerTime + rules_.counters.lingerBytes, 0u);
}

TEST_F(ConnectionTest, LingersForABoundedAmount) {
  rules_.limits.lingerBytes = 1024 * 1024;
  int peer = connect(user_);
  user_.connection->close(Connection::Close::kAfterFlush, "refused");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sent += flood(peer);
    return user_.closed;
  }));
  EXPECT_EQ(rules_.counters.lingerBytes, 1u);
}

TEST_F(ConnectionTest, LingersForABoundedTimeAndLessWhenThePeerIsSilent) {
  rules_.limits.linger = Millis(300'000);
  rules_.limits.lingerIdle = Millis(40);
  connect(user_);
  user_.connection->close(Connection::Close::kAfterFlush, "silent");
  EXPECT_TRUE(until([&] { return user_.closed; }));

  rules_.limits.linger = Millis(60);
  rules_.limits.lingerIdle = Millis(300'000);
  int peer = connect(other_);
  other_.connection->close(Connection::Close::kAfterFlush, "talks");
  EXPECT_TRUE(until([&] {
    ::send(peer, "x", 1, MSG_NOSIGNAL);
    return other_.closed;
  }));
  EXPECT_EQ(rules_.counters.lingerTime, 2u);
}

TEST_F(ConnectionTest, DoesNotLingerWherePeerHasEndedOrNothingIsUnderWay) {
  int peer = connect(user_);
  user_.data = [&](Connection& of) { of.close(Connection::Close::kAfterFlush, "done"); };
  ::shutdown(peer, SHUT_WR);
  EXPECT_TRUE(until([&] { return user_.closed; }));
  connect(other_);
  other_.connection->close(Connection::Close::kIdle, "idle");
  loop_.runOnce(Millis(1));
  EXPECT_TRUE(other_.closed);
}

TEST_F(ConnectionTest, TakesWhatComesWhileItsLastBytesWaitForAPeerThatWritesBeforeItReads) {
  int peer = connect(user_);
  user_.connection->output().append(std::string(8 * 1024 * 1024, 'a'));
  user_.connection->close(Connection::Close::kAfterFlush, "refused");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sent += flood(peer);
    return sent > 10 * 1024 * 1024;
  })) << "the peer cannot write while it does not read";
  size_t got = 0;
  bool end = false;
  ASSERT_TRUE(until([&] {
    got += readAll(peer, end).size();
    return end;
  }));
  EXPECT_EQ(got, 8u * 1024 * 1024);
}

TEST_F(ConnectionTest, AFloodBehindOutputThatIsNotReadIsNotReadForEver) {
  rules_.limits.lingerBytes = 1024 * 1024;
  rules_.limits.send = Millis(50);
  int peer = connect(user_);
  user_.connection->output().append(std::string(16 * 1024 * 1024, 'a'));
  user_.connection->close(Connection::Close::kAfterFlush, "refused");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sent += flood(peer);
    return user_.closed;
  }));
  EXPECT_EQ(user_.reason, "the peer does not read");
  EXPECT_EQ(rules_.counters.lingerBytes, 1u);
  EXPECT_EQ(rules_.counters.send, 1u);
}

TEST_F(ConnectionTest, OutputThatThePeerDoesNotTakeEndsTheConnection) {
  rules_.limits.send = Millis(40);
  connect(user_);
  user_.connection->output().append(std::string(16 * 1024 * 1024, 'a'));
  user_.connection->markDirty();
  EXPECT_TRUE(until([&] { return user_.closed; }));
  EXPECT_EQ(user_.reason, "the peer does not read");
  EXPECT_EQ(rules_.counters.send, 1u);
}

TEST_F(ConnectionTest, TheSendLimitLeavesAPeerThatReadsAndOneThatIsIdleAlone) {
  rules_.limits.send = Millis(1000);
  int peer = connect(user_);
  user_.connection->output().append(std::string(8 * 1024 * 1024, 'a'));
  user_.connection->markDirty();
  size_t got = 0;
  char bytes[16 * 1024];
  auto readSome = [&] {
    ssize_t part = ::recv(peer, bytes, sizeof bytes, 0);
    if (part > 0) got += static_cast<size_t>(part);
    return got == 8u * 1024 * 1024 || user_.closed;
  };
  ASSERT_TRUE(until(readSome));
  EXPECT_FALSE(user_.closed);
  auto idle = event::Clock::now() + Millis(1200);
  until([&] { return event::Clock::now() > idle; });
  EXPECT_FALSE(user_.closed) << "nothing waits to be sent";
}

TEST_F(ConnectionTest, APeerThatIsSlowerThanTheKernelTellsOfIsNotEnded) {
  rules_.limits.send = Millis(1000);
  int peer = connect(user_);
  user_.connection->output().append(std::string(16 * 1024 * 1024, 'a'));
  user_.connection->markDirty();
  // So slow that the socket does not become writable for longer than the limit.
  char bytes[32 * 1024];
  for (int round = 0; round < 40 && !user_.closed; ++round) {
    until([next = event::Clock::now() + Millis(50)] { return event::Clock::now() > next; });
    EXPECT_GT(::recv(peer, bytes, sizeof bytes, 0), 0);
  }
  EXPECT_FALSE(user_.closed);
}

/// A transport whose handshake never ends.
class Mute final : public Transport {
 public:
  IoResult read(buffer::Buffer&, size_t, bool) override { return {}; }
  IoResult write(buffer::Buffer&) override { return {}; }
  void shutdownWrite() override {}
  bool established() const override { return false; }
  IoResult handshake() override { return {}; }
};

TEST_F(ConnectionTest, AHandshakeThatDoesNotEndEndsTheConnection) {
  rules_.limits.handshake = Millis(40);
  connect(user_, [](int) -> std::unique_ptr<Transport> { return std::make_unique<Mute>(); });
  EXPECT_TRUE(until([&] { return user_.closed; }));
  EXPECT_EQ(user_.reason, "handshake timeout");
  EXPECT_EQ(rules_.counters.handshake, 1u);
}

}  // namespace
}  // namespace tollgate::net
