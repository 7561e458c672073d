#include "source/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/run_until.h"

namespace tollgate::net {
namespace {

using event::EventLoop;
using event::Millis;

/// Takes all descriptors of this process but a few, and gives them back in the end.
class NoDescriptors {
 public:
  explicit NoDescriptors(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = limit;
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~NoDescriptors() {
    give(taken_.size());
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  void takeAll() {
    int fd;
    while ((fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) taken_.push_back(fd);
  }
  void give(size_t count) {
    for (; count > 0 && !taken_.empty(); --count) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

class ListenerTest : public testing::Test {
 protected:
  ~ListenerTest() override {
    for (int fd : clients_) ::close(fd);
    for (int fd : accepted_) ::close(fd);
  }
  void open(Listener::Options options = {}) {
    options.onShortage = [this] { ++told_; };
    listener_ =
        std::move(Listener::open(loop_, *Address::parse("127.0.0.1", 0), options,
                                 [this](int fd, const Address&) { accepted_.push_back(fd); }))
            .value();
  }
  int socket() {
    clients_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return clients_.back();
  }
  void connect(int fd) {
    const Address address = listener_->address();
    ::connect(fd, address.sockaddrPtr(), address.length());
  }
  template <typename F>
  bool until(F condition) {
    return tollgate::test::runUntil(loop_, condition);
  }

  EventLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::vector<int> clients_, accepted_;
  int told_ = 0;
};

TEST_F(ListenerTest, WaitsForADescriptorInsteadOfSpinningAndAcceptsWhenThereIsOne) {
  open();
  int client = socket();
  NoDescriptors none(256);
  none.takeAll();
  connect(client);
  ASSERT_TRUE(until([&] { return listener_->shortages() > 0; }));
  const uint64_t before = listener_->shortages();
  const auto start = event::Clock::now();
  for (int pass = 0; pass < 50; ++pass) loop_.runOnce(Millis(1));
  const auto spent = event::Clock::now() - start;
  EXPECT_LE(listener_->shortages() - before, 1u + static_cast<uint64_t>(spent / Listener::kBackOff))
      << "it asks the kernel once in a while only";
  EXPECT_EQ(told_, static_cast<int>(listener_->shortages()));
  EXPECT_TRUE(accepted_.empty());
  none.give(1);
  EXPECT_TRUE(until([&] { return accepted_.size() == 1; })) << "who waited is accepted";
}

TEST_F(ListenerTest, LeavesTheLastDescriptorsToOthers) {
  NoDescriptors none(256);
  Listener::Options options;
  options.leaveReserve = true;
  open(options);
  int first = socket(), second = socket();
  none.takeAll();
  none.give(4);
  connect(first);
  connect(second);
  ASSERT_TRUE(until([&] { return listener_->shortages() > 2; }));
  EXPECT_EQ(accepted_.size(), 1u) << "the first one that lies in the reserve is served, no other";
  none.give(40);
  EXPECT_TRUE(until([&] { return accepted_.size() == 2; })) << "who waited is not turned away";
}

TEST_F(ListenerTest, EndsWhileItWaits) {
  open();
  int client = socket();
  NoDescriptors none(256);
  none.takeAll();
  connect(client);
  ASSERT_TRUE(until([&] { return listener_->shortages() > 0; }));
  listener_.reset();
  loop_.runOnce(Millis(150));
}

}  // namespace
}  // namespace tollgate::net
