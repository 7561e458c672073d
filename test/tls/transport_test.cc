// Our client and our server over loopback sockets in one loop.
#include <malloc.h>

#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

using TransportTest = TlsTest;

TEST_F(TransportTest, CarriesBytesBothWaysAndTellsWhatWasNegotiated) {
  serve();
  connect(*clientContext({.alpn = {"http/1.1", "h2"}}), "a.test");
  ASSERT_TRUE(shakeHands()) << client_->reason << accepted_[0]->reason;
  client_->send("ping");
  accepted_[0]->send("pong");
  ASSERT_TRUE(
      until([&] { return accepted_[0]->received == "ping" && client_->received == "pong"; }));
  net::Transport& server = accepted_[0]->connection().transport();
  EXPECT_TRUE(server.secure());
  EXPECT_EQ(server.alpn(), "h2");
  EXPECT_EQ(server.serverName(), "a.test");
  EXPECT_EQ(client_->connection().transport().alpn(), "h2");
  EXPECT_EQ(accepted_[0]->info().version, "TLSv1.3");
  EXPECT_EQ(accepted_[0]->info().cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(slabs_.inUse(), 0u) << "an idle connection holds no slab";
}

TEST_F(TransportTest, AnIpAddressIsNotSentAsServerName) {
  serve();
  connect(*clientContext(), "127.0.0.1");
  ASSERT_TRUE(shakeHands());
  EXPECT_EQ(accepted_[0]->connection().transport().serverName(), "");
  EXPECT_EQ(client_->connection().transport().serverName(), "127.0.0.1");
}

TEST_F(TransportTest, RefusesAClientWithoutACommonApplicationProtocol) {
  serve();
  connect(*clientContext({.alpn = {"smtp"}}));
  ASSERT_FALSE(shakeHands());
  ASSERT_TRUE(until([&] { return client_->closed && accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->reason, "tls: no application protocol in common");
  EXPECT_EQ(client_->reason, "tls: the peer refused our application protocols (alert)");
}

/// Sends `total` bytes of a pattern, keeping to the marks of the output.
class Pattern {
 public:
  explicit Pattern(size_t total) : total_(total) {}
  void pump(Peer& peer) {
    std::string piece;
    while (at_ < total_ && !peer.connection().aboveHighMark()) {
      // Sizes from a byte to more than a record, so that records and slabs do not line up.
      size_t length = std::min(total_ - at_, 1 + at_ * 7919 % 40000);
      piece.clear();
      for (size_t i = 0; i < length; ++i) piece += byteAt(at_ + i);
      at_ += length;
      peer.send(piece);
      highest_ = std::max(highest_, peer.connection().output().size());
    }
  }
  static char byteAt(size_t at) { return static_cast<char>(at * 2654435761u >> 13); }
  static bool matches(std::string_view bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != byteAt(i)) return false;
    }
    return true;
  }
  size_t highest() const { return highest_; }

 private:
  size_t total_, at_ = 0, highest_ = 0;
};

TEST_F(TransportTest, MovesMegabytesBothWaysAtOnceWithBackPressure) {
  constexpr size_t kBytes = 12 * 1024 * 1024;
  serve();
  connect(*clientContext());
  ASSERT_TRUE(shakeHands());
  Pattern up(kBytes), down(kBytes);
  client_->writable = [&](Peer& peer) { up.pump(peer); };
  accepted_[0]->writable = [&](Peer& peer) { down.pump(peer); };
  client_->connection().pauseReading();
  up.pump(*client_);
  down.pump(*accepted_[0]);
  // The client does not read: the server's output must come to rest with most of it unsent.
  ASSERT_TRUE(until([&] { return accepted_[0]->received.size() == kBytes; }));
  EXPECT_LT(accepted_[0]->connection().bytesWritten(), kBytes);
  client_->connection().resumeReading();
  ASSERT_TRUE(until([&] { return client_->received.size() == kBytes; }));
  EXPECT_TRUE(Pattern::matches(accepted_[0]->received));
  EXPECT_TRUE(Pattern::matches(client_->received));
  EXPECT_LT(up.highest(), 2 * net::Connection::kHighMark);
  EXPECT_EQ(client_->connection().bytesWritten(), kBytes);
  EXPECT_EQ(accepted_[0]->connection().bytesWritten(), kBytes);
}

TEST_F(TransportTest, AHalfClosedConnectionStillCarriesTheOtherWay) {
  serve();
  connect(*clientContext());
  ASSERT_TRUE(shakeHands());
  client_->send("question");
  client_->connection().endOutput();
  ASSERT_TRUE(until([&] { return accepted_[0]->ended; }));
  EXPECT_EQ(accepted_[0]->received, "question");
  std::string answer(1024 * 1024, 'a');
  accepted_[0]->send(answer);
  accepted_[0]->connection().close(net::Connection::Close::kAfterFlush, "done");
  ASSERT_TRUE(until([&] { return client_->ended; })) << client_->reason;
  EXPECT_EQ(client_->received.size(), answer.size());
  EXPECT_FALSE(client_->closed);
}

TEST_F(TransportTest, ATruncatedConnectionIsAFailureAfterItsBytes) {
  serve();
  connect(*clientContext());
  ASSERT_TRUE(shakeHands());
  client_->send("half a");
  ASSERT_TRUE(until([&] { return client_->connection().output().empty(); }));
  ::shutdown(client_->connection().fd(), SHUT_WR);  // no close_notify
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->received, "half a");
  EXPECT_FALSE(accepted_[0]->ended);
  EXPECT_EQ(accepted_[0]->reason, "tls: truncated: closed without close_notify");
}

TEST_F(TransportTest, AResetIsAFailure) {
  serve();
  connect(*clientContext());
  ASSERT_TRUE(shakeHands());
  linger hard{1, 0};
  setsockopt(client_->connection().fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  client_->connection().close(net::Connection::Close::kNow, "reset");
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->reason, "tls: connection reset by peer");
}

TEST_F(TransportTest, GarbageAfterTheHandshakeIsAFailure) {
  serve();
  connect(*clientContext());
  ASSERT_TRUE(shakeHands());
  client_->send("fine");
  ASSERT_TRUE(until([&] { return accepted_[0]->received == "fine"; }));
  std::string record("\x17\x03\x03\x00\x20", 5);
  record.append(32, 'x');
  ASSERT_EQ(::send(client_->connection().fd(), record.data(), record.size(), MSG_NOSIGNAL), 37);
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->reason, "tls: a record was damaged");
}

TEST_F(TransportTest, PlainBytesOnATlsPortFailCleanlyAndHurtNoOther) {
  serve();
  struct Case {
    std::string bytes;
    const char* reason;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "tls: plain HTTP on a TLS port"},
      {"CONNECT a:1 HTTP/1.1\r\n\r\n", "tls: plain HTTP on a TLS port"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "tls: the peer does not speak TLS"},
      {std::string(600, '\xff'), "tls: the peer does not speak TLS"},
      {std::string("\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9), "tls: protocol error"},
  };
  for (const Case& one : cases) {
    size_t index = accepted_.size();
    int fd = dial();
    ASSERT_TRUE(until([&] { return accepted_.size() > index; }));
    ASSERT_EQ(::send(fd, one.bytes.data(), one.bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(one.bytes.size()));
    ::shutdown(fd, SHUT_WR);  // who is answered is waited for
    EXPECT_TRUE(until([&] { return accepted_[index]->closed; })) << one.reason;
    EXPECT_EQ(accepted_[index]->reason, one.reason);
    ::close(fd);
    // The error of that connection must not be seen by the next on the same thread.
    connect(*clientContext());
    ASSERT_TRUE(shakeHands(index + 1)) << client_->reason;
    client_->send("ok");
    ASSERT_TRUE(until([&] { return accepted_[index + 1]->received == "ok"; }));
  }
}

TEST_F(TransportTest, ClosingDuringTheHandshakeIsAFailure) {
  serve();
  int fd = dial();
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  ::send(fd, "\x16\x03\x01", 3, MSG_NOSIGNAL);
  ::close(fd);
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->reason, "tls: closed during the handshake");
}

/// Passes bytes on between two sockets, `step` at a time.
class Relay {
 public:
  Relay(int a, int b, size_t step) : ends_{a, b}, step_(step) {}
  ~Relay() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void pass() {
    char bytes[64];
    for (int from : {0, 1}) {
      ssize_t got = ::recv(ends_[from], bytes, step_, MSG_DONTWAIT);
      if (got > 0) ::send(ends_[1 - from], bytes, static_cast<size_t>(got), MSG_NOSIGNAL);
    }
  }

 private:
  int ends_[2];
  size_t step_;
};

TEST_F(TransportTest, WorksWhenBytesComeOneByOneAndAPrefixWasRead) {
  serve();
  int left[2], right[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, left), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, right), 0);
  client_ = std::make_unique<Peer>(loop_, slabs_, left[0],
                                   clientContext()->connect(left[0], "localhost"));
  Relay relay(left[1], right[0], 1);
  buffer::Buffer prefix(slabs_);
  ASSERT_TRUE(until([&] {  // the first 40 bytes are read before TLS takes over
    relay.pass();
    std::span<char> room = prefix.reserve(64);
    ssize_t got = ::recv(right[1], room.data(), 40 - prefix.size(), 0);
    prefix.commit(got > 0 ? static_cast<size_t>(got) : 0);
    return prefix.size() == 40;
  }));
  accepted_.push_back(std::make_unique<Peer>(loop_, slabs_, right[1],
                                             server_->accept(right[1], std::move(prefix))));
  auto both = [&](auto condition) {
    return until([&] {
      for (int i = 0; i < 50; ++i) relay.pass();
      loop_.runOnce(Millis(0));
      return condition();
    });
  };
  ASSERT_TRUE(both([&] { return client_->connected && accepted_[0]->connected; }));
  client_->send("slow");
  accepted_[0]->send("indeed");
  EXPECT_TRUE(
      both([&] { return accepted_[0]->received == "slow" && client_->received == "indeed"; }));
}

TEST_F(TransportTest, DataSentRightBehindTheHandshakeArrives) {
  serve();
  int fd = dial();
  client_ = std::make_unique<Peer>(loop_, slabs_, fd, clientContext()->connect(fd, "a"), true);
  client_->greet = [](Peer& peer) {
    peer.send(std::string(100'000, 'x'));
    peer.connection().endOutput();
  };
  ASSERT_TRUE(until([&] { return accepted_.size() == 1 && accepted_[0]->ended; }));
  EXPECT_EQ(accepted_[0]->received, std::string(100'000, 'x'));
}

TEST_F(TransportTest, TheClientResumesSessions) {
  for (std::string version : {"TLSv1.2", "TLSv1.3"}) {
    serve({.defaults = {ecdsa()}, .maxVersion = version});
    accepted_.clear();
    auto context = clientContext();
    for (size_t i = 0; i < 3; ++i) {
      connect(*context);
      ASSERT_TRUE(shakeHands(i)) << client_->reason;
      accepted_[i]->send("x");  // TLS 1.3 tickets travel with the first bytes
      ASSERT_TRUE(until([&] { return client_->received == "x"; }));
      EXPECT_EQ(client_->info().resumed, i > 0) << version << " " << i;
      EXPECT_EQ(accepted_[i]->info().version, version);
    }
    connect(*context, "other.test");
    ASSERT_TRUE(shakeHands(3));
    EXPECT_FALSE(client_->info().resumed) << "sessions belong to a name";
  }
}

TEST_F(TransportTest, NoTicketsWhenTheyAreOff) {
  serve({.defaults = {ecdsa()}, .sessionTickets = false});
  auto context = clientContext();
  for (size_t i = 0; i < 2; ++i) {
    connect(*context);
    ASSERT_TRUE(shakeHands(i));
    accepted_[i]->send("x");
    ASSERT_TRUE(until([&] { return client_->received == "x"; }));
    EXPECT_FALSE(client_->info().resumed);
  }
}

TEST_F(TransportTest, TheContextMayGoAwayBeforeItsConnections) {
  serve();
  connect(*clientContext());
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  server_.reset();
  ASSERT_TRUE(shakeHands());
  accepted_[0]->send("x");
  EXPECT_TRUE(until([&] { return client_->received == "x"; }));
}

#ifndef TOLLGATE_SANITIZED
TEST_F(TransportTest, AnIdleConnectionIsSmall) {
  serve();
  auto context = clientContext();
  constexpr size_t kPairs = 64;
  std::vector<std::unique_ptr<Peer>> clients;
  size_t before = 0;
  for (size_t i = 0; i < kPairs + 4; ++i) {
    if (i == 4) before = mallinfo2().uordblks;  // one-off allocations are made
    connect(*context);
    ASSERT_TRUE(shakeHands(i));
    client_->send("ping");
    accepted_[i]->send("pong");
    ASSERT_TRUE(
        until([&] { return client_->received == "pong" && accepted_[i]->received == "ping"; }));
    clients.push_back(std::move(client_));
  }
  size_t perPair = (mallinfo2().uordblks - before) / kPairs;
  RecordProperty("bytes_per_pair", static_cast<int>(perPair));
  EXPECT_LT(perPair, 24u * 1024) << "server end, client end and the test's own objects";
}
#endif

}  // namespace
}  // namespace tollgate::tls::test
