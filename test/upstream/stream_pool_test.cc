#include "source/upstream/stream_pool.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>

#include "source/net/listener.h"

namespace tollgate::upstream {
namespace {

struct Waiter final : StreamWaiter {
  void onStreamReady(http::ClientStream& stream, bool) override { ready = &stream; }
  void onStreamFailed(bool, std::string_view) override { failed = true; }
  http::ClientStream* ready = nullptr;
  bool failed = false;
};

/// Hears of a response, and does nothing.
struct NoSink final : http::ResponseSink {
  void onInformational(int, http::HeaderMap&) override {}
  void onResponseHead(bool) override {}
  void onResponseBody(buffer::Buffer& data, bool) override { data.clear(); }
  void onResponseTrailers(http::HeaderMap&) override {}
  void onResponseError(http::StreamError, std::string_view) override {}
  void onRequestWritable() override {}
  http::ResponseHead& response() override { return head; }
  Arena& arena() override { return memory; }
  void pin(buffer::SlabRef) override {}
  Arena memory;
  http::ResponseHead head{memory};
};

class StreamPoolTest : public testing::Test {
 protected:
  StreamPoolTest() {
    auto opened = net::Listener::open(loop_, *net::Address::parse("127.0.0.1", 0), {},
                                      [this](int fd, const net::Address&) { fds_.push_back(fd); });
    listener_ = std::move(opened).value();
    service_.poolKey = "tcp|";
  }
  ~StreamPoolTest() override {
    loop_.runOnce(event::Millis(0));  // connections that have closed give their slabs back
    for (int fd : fds_) ::close(fd);
  }
  const net::Address& address() {
    if (!address_.valid()) address_ = listener_->address();
    return address_;
  }
  template <typename F>
  bool until(F condition) {
    auto deadline = event::Clock::now() + std::chrono::seconds(30);
    while (!condition() && event::Clock::now() < deadline) loop_.runOnce(event::Millis(5));
    return condition();
  }
  http::ClientStream* open(Waiter& waiter, const net::Address& address) {
    const Opening opening = pool_.open({&service_, &address}, waiter);
    if (opening.stream != nullptr) return opening.stream;
    until([&] { return waiter.ready != nullptr || waiter.failed; });
    return waiter.ready;
  }

  /// One idle connection for each server name, in that order.
  void fill(StreamPool& pool, const std::vector<std::string>& names) {
    service_.tls = true;
    for (const std::string& name : names) {
      Waiter waiter;
      const Opening opening = pool.open({&service_, &address(), name, true}, waiter);
      ASSERT_TRUE(opening.waiting);
      ASSERT_TRUE(until([&] { return waiter.ready != nullptr; }));
      waiter.ready->reset(http::StreamError::kLocal);
    }
  }
  bool hasIdle(StreamPool& pool, const std::string& name) {
    Waiter waiter;
    const Opening opening = pool.open({&service_, &address(), name}, waiter);
    if (opening.stream != nullptr) {
      EXPECT_TRUE(opening.reused);
      opening.stream->reset(http::StreamError::kLocal);
    } else {
      StreamPool::cancel(waiter);
    }
    return opening.stream != nullptr;
  }
  static std::unique_ptr<net::Transport> clearText(const Target&, int fd) {
    return net::makeTcpTransport(fd);
  }

  /// After the head of a request.
  void giveUp(http::ClientStream& stream) {
    sinks_.push_back(std::make_unique<NoSink>());
    http::HeaderMap headers(sinks_.back()->memory);
    stream.sendHead({"GET", "/", &headers}, true, -1, *sinks_.back());
    stream.reset(http::StreamError::kLocal);
  }

  event::EventLoop loop_;
  buffer::SlabPool slabs_;
  std::vector<std::unique_ptr<NoSink>> sinks_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<int> fds_;
  Service service_;
  net::Address address_;
  StreamPool pool_{loop_, slabs_, {}, [](const Target&, int) { return nullptr; }};
};

TEST_F(StreamPoolTest, AnOriginGoesWithItsLastConnection) {
  Waiter first, second;
  http::ClientStream* a = open(first, address());
  http::ClientStream* b = open(second, address());
  ASSERT_TRUE(a != nullptr && b != nullptr && a != b);
  EXPECT_EQ(pool_.origins(), 1u);
  giveUp(*a);
  ASSERT_TRUE(until([&] { return pool_.connections() == 1; }));
  EXPECT_EQ(pool_.origins(), 1u);
  giveUp(*b);
  ASSERT_TRUE(until([&] { return pool_.connections() == 0; }));
  EXPECT_EQ(pool_.origins(), 0u);
}

TEST_F(StreamPoolTest, AStreamThatWasNotUsedLeavesItsConnectionToOthers) {
  Waiter first, second;
  http::ClientStream* a = open(first, address());
  ASSERT_NE(a, nullptr);
  a->reset(http::StreamError::kLocal);
  EXPECT_EQ(pool_.idle(), 1u);
  const Opening again = pool_.open({&service_, &address()}, second);
  EXPECT_TRUE(again.stream != nullptr && again.reused);
}

TEST_F(StreamPoolTest, AWaiterThatIsTakenBackHearsNothingMore) {
  Waiter waiter;
  ASSERT_TRUE(pool_.open({&service_, &address()}, waiter).waiting);
  StreamPool::cancel(waiter);
  ASSERT_TRUE(until([&] { return pool_.connections() == 0; }));
  EXPECT_TRUE(waiter.ready == nullptr && !waiter.failed);
  StreamPool::cancel(waiter);  // as often as one likes
}

TEST_F(StreamPoolTest, AnAddressThatRefusesLeavesNothing) {
  net::Address closed = listener_->address();
  listener_->close();
  Waiter waiter;
  EXPECT_EQ(open(waiter, closed), nullptr);
  EXPECT_TRUE(waiter.failed);
  EXPECT_EQ(pool_.origins(), 0u);
}

TEST_F(StreamPoolTest, NamesThatClientsMakeUpDoNotMultiplyWhatAnAddressKeepsIdle) {
  StreamPool::Settings settings;
  settings.maxIdlePerOrigin = 3;
  StreamPool pool(loop_, slabs_, settings, clearText);
  fill(pool, {"a", "b", "c", "d", "e"});
  EXPECT_EQ(pool.idle(), 3u);
  EXPECT_EQ(pool.connections(), 3u);
  EXPECT_EQ(pool.origins(), 3u);
  EXPECT_FALSE(hasIdle(pool, "b")) << "used before the others";
  EXPECT_TRUE(hasIdle(pool, "c"));
}

TEST_F(StreamPoolTest, KeepsNoMoreIdleInSumThanIsAllowed) {
  StreamPool::Settings settings;
  settings.maxIdle = 2;
  StreamPool pool(loop_, slabs_, settings, clearText);
  fill(pool, {"a", "b"});
  ASSERT_TRUE(hasIdle(pool, "a"));  // and so is used after b
  service_.poolKey = "tls|another|";
  fill(pool, {"c"});
  EXPECT_EQ(pool.idle(), 2u);
  EXPECT_TRUE(hasIdle(pool, "c"));
  service_.poolKey = "tcp|";
  EXPECT_TRUE(hasIdle(pool, "a"));
  EXPECT_FALSE(hasIdle(pool, "b"));
}

// ---- HTTP/2 ------------------------------------------------------------------------------------

TEST_F(StreamPoolTest, StreamsOfHttp2ShareTheConnectionThatIsBeingMade) {
  service_.http2 = Http2::kAlways;
  Waiter first, second;
  EXPECT_TRUE(pool_.open({&service_, &address()}, first).waiting);
  EXPECT_TRUE(pool_.open({&service_, &address()}, second).waiting);
  ASSERT_TRUE(until([&] { return first.ready != nullptr && second.ready != nullptr; }));
  EXPECT_NE(first.ready, second.ready);
  EXPECT_EQ(pool_.connections(), 1u);
  EXPECT_EQ(pool_.idle(), 0u);
  Waiter third;
  const Opening opening = pool_.open({&service_, &address(), "", true}, third);
  EXPECT_TRUE(opening.stream != nullptr && opening.reused);
  for (http::ClientStream* each : {first.ready, second.ready, opening.stream}) {
    each->reset(http::StreamError::kLocal);
  }
  EXPECT_TRUE(until([&] { return pool_.idle() == 1; }));
  EXPECT_EQ(pool_.connections(), 1u);
}

TEST_F(StreamPoolTest, OneWaiterThatLeavesKeepsTheConnectionForTheOthers) {
  service_.http2 = Http2::kAlways;
  Waiter first, second;
  EXPECT_TRUE(pool_.open({&service_, &address()}, first).waiting);
  EXPECT_TRUE(pool_.open({&service_, &address()}, second).waiting);
  StreamPool::cancel(first);
  ASSERT_TRUE(until([&] { return second.ready != nullptr; }));
  EXPECT_TRUE(first.ready == nullptr && !first.failed);
}

TEST_F(StreamPoolTest, AConnectionOfHttp2IsFullAtItsLimit) {
  service_.http2 = Http2::kAlways;
  StreamPool::Settings settings;
  settings.http2.maxStreams = 2;
  StreamPool pool(loop_, slabs_, settings, clearText);
  Waiter waiters[5];
  for (Waiter& each : waiters) EXPECT_TRUE(pool.open({&service_, &address()}, each).waiting);
  ASSERT_TRUE(until([&] {
    for (const Waiter& each : waiters) {
      if (each.ready == nullptr) return false;
    }
    return true;
  }));
  EXPECT_EQ(pool.connections(), 3u);
  for (const Waiter& each : waiters) each.ready->reset(http::StreamError::kLocal);
}

TEST_F(StreamPoolTest, AnOriginThatDoesNotChooseHttp2GetsAConnectionForEachRequest) {
  service_.http2 = Http2::kOffered;
  service_.tls = true;
  StreamPool pool(loop_, slabs_, {}, clearText);  // no ALPN
  Waiter first, second, third;
  EXPECT_TRUE(pool.open({&service_, &address(), "a"}, first).waiting);
  EXPECT_TRUE(pool.open({&service_, &address(), "a"}, second).waiting);
  EXPECT_EQ(pool.connections(), 1u) << "it may be shared yet";
  ASSERT_TRUE(until([&] { return first.ready != nullptr && second.ready != nullptr; }));
  EXPECT_EQ(pool.connections(), 2u);
  first.ready->reset(http::StreamError::kLocal);
  EXPECT_NE(pool.open({&service_, &address(), "a"}, third).stream, nullptr);
}

TEST_F(StreamPoolTest, UpgradesDoNotMeetConnectionsThatWereOfferedHttp2) {
  service_.http2 = Http2::kOffered;
  service_.tls = true;
  StreamPool pool(loop_, slabs_, {}, clearText);
  Waiter first, upgrade;
  EXPECT_TRUE(pool.open({&service_, &address(), "a"}, first).waiting);
  ASSERT_TRUE(until([&] { return first.ready != nullptr; }));
  first.ready->reset(http::StreamError::kLocal);
  EXPECT_TRUE(pool.open({&service_, &address(), "a", false, true}, upgrade).waiting);
  EXPECT_EQ(pool.origins(), 2u);
  StreamPool::cancel(upgrade);
}

TEST_F(StreamPoolTest, AConnectionOfHttp2CarriesNoMoreRequestsThanItMay) {
  service_.http2 = Http2::kAlways;
  StreamPool::Settings settings;
  settings.maxRequests = 2;
  StreamPool pool(loop_, slabs_, settings, clearText);
  Waiter first, second, third;
  EXPECT_TRUE(pool.open({&service_, &address()}, first).waiting);
  ASSERT_TRUE(until([&] { return first.ready != nullptr; }));
  http::ClientStream* last = pool.open({&service_, &address()}, second).stream;
  ASSERT_NE(last, nullptr);
  EXPECT_TRUE(pool.open({&service_, &address()}, third).waiting);
  first.ready->reset(http::StreamError::kLocal);
  last->reset(http::StreamError::kLocal);
  ASSERT_TRUE(until([&] { return third.ready != nullptr && pool.connections() == 1; }));
}

}  // namespace
}  // namespace tollgate::upstream
