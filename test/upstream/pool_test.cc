#include "source/upstream/pool.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>

#include "source/net/listener.h"

namespace tollgate::upstream {
namespace {

struct User final : UpstreamUser {
  void onUpstreamReady(UpstreamConnection& connection) override { ready = &connection; }
  void onUpstreamFailed(bool, std::string_view) override { failed = true; }
  void onUpstreamWritable() override {}
  UpstreamConnection* ready = nullptr;
  bool failed = false;
};

class PoolTest : public testing::Test {
 protected:
  PoolTest() {
    auto opened = net::Listener::open(loop_, *net::Address::parse("127.0.0.1", 0), {},
                                      [this](int fd, const net::Address&) { fds_.push_back(fd); });
    listener_ = std::move(opened).value();
    service_.poolKey = "tcp|";
  }
  ~PoolTest() override {
    for (int fd : fds_) ::close(fd);
  }
  template <typename F>
  bool until(F condition) {
    auto deadline = event::Clock::now() + std::chrono::seconds(30);
    while (!condition() && event::Clock::now() < deadline) loop_.runOnce(event::Millis(5));
    return condition();
  }
  UpstreamConnection* open(User& user, const net::Address& address) {
    UpstreamConnection* pending = nullptr;
    UpstreamConnection* idle = pool_.acquire(service_, address, "", false, user, pending);
    if (idle != nullptr) return idle;
    until([&] { return user.ready != nullptr || user.failed; });
    return user.ready;
  }

  /// One idle connection for each server name, in that order.
  void fill(Pool& pool, const std::vector<std::string>& names) {
    service_.tls = true;
    for (const std::string& name : names) {
      User user;
      UpstreamConnection* pending = nullptr;
      ASSERT_EQ(pool.acquire(service_, listener_->address(), name, true, user, pending), nullptr);
      ASSERT_TRUE(until([&] { return user.ready != nullptr; }));
      user.ready->release();
    }
  }
  bool hasIdle(Pool& pool, const std::string& name) {
    User user;
    UpstreamConnection* pending = nullptr;
    UpstreamConnection* found =
        pool.acquire(service_, listener_->address(), name, false, user, pending);
    if (found != nullptr) {
      found->release();
    } else if (pending != nullptr) {
      pool.cancel(*pending);
    }
    return found != nullptr;
  }
  static std::unique_ptr<net::Transport> clearText(const Service&, int fd, std::string_view) {
    return net::makeTcpTransport(fd);
  }

  event::EventLoop loop_;
  buffer::SlabPool slabs_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<int> fds_;
  Service service_;
  Pool pool_{loop_, slabs_, {}, [](const Service&, int, std::string_view) { return nullptr; }};
};

TEST_F(PoolTest, AnOriginGoesWithItsLastConnection) {
  User first, second;
  UpstreamConnection* a = open(first, listener_->address());
  UpstreamConnection* b = open(second, listener_->address());
  ASSERT_TRUE(a != nullptr && b != nullptr && a != b);
  EXPECT_EQ(pool_.origins(), 1u);
  a->abort();
  ASSERT_TRUE(until([&] { return pool_.open() == 1; }));
  EXPECT_EQ(pool_.origins(), 1u);
  b->abort();
  ASSERT_TRUE(until([&] { return pool_.open() == 0; }));
  EXPECT_EQ(pool_.origins(), 0u);
}

TEST_F(PoolTest, AnAddressThatRefusesLeavesNothing) {
  net::Address closed = listener_->address();
  listener_->close();
  User user;
  EXPECT_EQ(open(user, closed), nullptr);
  EXPECT_TRUE(user.failed);
  EXPECT_EQ(pool_.origins(), 0u);
}

TEST_F(PoolTest, NamesThatClientsMakeUpDoNotMultiplyWhatAnAddressKeepsIdle) {
  Pool::Settings settings;
  settings.maxIdlePerOrigin = 3;
  Pool pool(loop_, slabs_, settings, clearText);
  fill(pool, {"a", "b", "c", "d", "e"});
  EXPECT_EQ(pool.idle(), 3u);
  EXPECT_EQ(pool.open(), 3u);
  EXPECT_EQ(pool.origins(), 3u);
  EXPECT_FALSE(hasIdle(pool, "b")) << "used before the others";
  EXPECT_TRUE(hasIdle(pool, "c"));
}

TEST_F(PoolTest, KeepsNoMoreIdleInSumThanIsAllowed) {
  Pool::Settings settings;
  settings.maxIdle = 2;
  Pool pool(loop_, slabs_, settings, clearText);
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

}  // namespace
}  // namespace tollgate::upstream
