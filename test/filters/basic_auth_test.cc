#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <utility>

#include "filters/http/basic_auth/password_checks.h"
#include "filters/http/basic_auth/user_password.h"
#include "filters/http/basic_auth/verified_passwords.h"
#include "test/support/run_until.h"

namespace tollgate::filters::basic_auth {
namespace {

TEST(BasicField, IsReadAsTheReferenceReadsIt) {
  struct Case {
    const char* value;
    const char* user;  ///< nullptr: nothing.
    const char* password = "";
  };
  for (const Case& c : {
           Case{"Basic YWxpY2U6cDE=", "alice", "p1"},
           Case{"basic YWxpY2U6cDE=", "alice", "p1"},
           Case{"BASIC YWxpY2U6cDE=", nullptr},
           Case{"BasicYWxpY2U6cDE=", "alice", "p1"},
           Case{"Basic\tYWxpY2U6cDE", "alice", "p1"},
           Case{"Bearer x, Basic   YWxpY2U6cDE=", "alice", "p1"},
           Case{"Basic YWxpY2U6cDE= and more", "alice", "p1"},
           Case{"Basic YWxpY2UyOnA6d2l0aDpjb2xvbnM=", "alice2", "p:with:colons"},
           Case{"Basic dXNlcjo=", "user", ""},
           Case{"Basic OnB3", nullptr},  // :pw
           Case{"Basic Ym9i", nullptr},  // bob
           Case{"Basic Ojo6", nullptr},  // :::
           Case{"Basic !!!", nullptr},
           Case{"Basic YWxpY2U_cDE=", nullptr},
           Case{"Basic Y", nullptr},
           Case{"Basic ", nullptr},
           Case{"Basic", nullptr},
           Case{"asic YWxpY2U6cDE=", nullptr},
           Case{"", nullptr},
       }) {
    const auto found = readBasic(c.value);
    ASSERT_EQ(found.has_value(), c.user != nullptr) << c.value;
    if (!found) continue;
    EXPECT_EQ(found->user, c.user) << c.value;
    EXPECT_EQ(found->password, c.password) << c.value;
  }
}

TEST(VerifiedPasswords, AreKnownForATimeAndByAllThatTheyDependOn) {
  const VerifiedPasswords known(16, 1000);
  const auto tag = known.tagOf("stored", "password", "consumer");
  EXPECT_FALSE(known.knows(tag, 5));
  known.remember(tag, 5);
  EXPECT_TRUE(known.knows(tag, 1004));
  EXPECT_FALSE(known.knows(tag, 1005));
  EXPECT_NE(known.tagOf("changed", "password", "consumer"), tag);
  EXPECT_NE(known.tagOf("stored", "passwords", "consumer"), tag);
  EXPECT_NE(known.tagOf("stored", "passwordc", "onsumer"), tag);
  EXPECT_NE(VerifiedPasswords(16, 1000).tagOf("stored", "password", "consumer"), tag)
      << "each process has a key of its own";
}

TEST(VerifiedPasswords, TakeNoMoreRoomThanTheyWereGiven) {
  const VerifiedPasswords known(8, 1000);
  const auto first = known.tagOf("s", "first", "c");
  known.remember(first, 0);
  for (int i = 0; i < 100; ++i) known.remember(known.tagOf("s", std::to_string(i), "c"), 1 + i);
  EXPECT_FALSE(known.knows(first, 200)) << "the oldest has made room";
  EXPECT_TRUE(known.knows(known.tagOf("s", "99", "c"), 200));
  const VerifiedPasswords off(8, 0);
  off.remember(first, 0);
  EXPECT_FALSE(off.knows(first, 0));
}

/// Checks whose hashes wait until they are released.
class PasswordChecksTest : public testing::Test {
 protected:
  explicit PasswordChecksTest(size_t maxQueued = 100)
      : pool_({1, maxQueued}), checks_(loop_, pool_), released_(release_.get_future().share()) {}
  ~PasswordChecksTest() override { release(); }  // the pool ends after what it is at

  bool ask(const std::string& credential, uint64_t tag, bool right = true) {
    return checks_.ask({credential,
                        {tag, tag},
                        [this, right] {
                          released_.wait();
                          ++hashed_;
                          return right;
                        }},
                       [this](bool yes) { (yes ? right_ : wrong_) += 1; });
  }
  void release() {
    if (!std::exchange(isReleased_, true)) release_.set_value();
  }
  bool answered(int count) {
    return test::runUntil(loop_, [&] { return right_ + wrong_ == count; });
  }

  event::EventLoop loop_;
  std::promise<void> release_;
  event::OffloadPool pool_;
  PasswordChecks checks_;
  std::shared_future<void> released_;
  std::atomic<int> hashed_{0};
  int right_ = 0, wrong_ = 0;
  bool isReleased_ = false;
};

TEST_F(PasswordChecksTest, OfOnePasswordAreOneHowManyEverWait) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(ask("c", 1));
  ASSERT_TRUE(ask("c", 2, false));
  EXPECT_TRUE(checks_.busy());
  EXPECT_EQ(right_ + wrong_, 0) << "nobody is called while asking";
  release();
  ASSERT_TRUE(answered(51));
  EXPECT_EQ(right_, 50);
  EXPECT_EQ(hashed_, 2);
  EXPECT_FALSE(checks_.busy());
  ASSERT_TRUE(ask("c", 1));
  ASSERT_TRUE(answered(52));
  EXPECT_EQ(hashed_, 3) << "an answer is not kept here";
}

TEST_F(PasswordChecksTest, OfOneCredentialAreFewSoThatGuessesHoldUpNobodyElse) {
  for (uint64_t i = 0; i < PasswordChecks::kMostOfOne; ++i) ASSERT_TRUE(ask("guessed", i));
  EXPECT_FALSE(ask("guessed", 1000));
  EXPECT_TRUE(ask("guessed", 1)) << "one that is being checked already";
  EXPECT_TRUE(ask("another", 2000));
  release();
  ASSERT_TRUE(answered(static_cast<int>(PasswordChecks::kMostOfOne) + 2));
  EXPECT_TRUE(ask("guessed", 1000));
  ASSERT_TRUE(answered(static_cast<int>(PasswordChecks::kMostOfOne) + 3));
}

class FullPoolTest : public PasswordChecksTest {
 protected:
  FullPoolTest() : PasswordChecksTest(1) {}
};

TEST_F(FullPoolTest, ChecksAreRefusedWhereThePoolTakesNoMore) {
  int taken = 0;
  for (uint64_t i = 0; i < 4; ++i) taken += ask(std::to_string(i), i) ? 1 : 0;
  EXPECT_GE(taken, 1);
  EXPECT_LT(taken, 4);
  release();
  ASSERT_TRUE(answered(taken));
  EXPECT_FALSE(checks_.busy()) << "what was refused leaves nothing behind";
}

}  // namespace
}  // namespace tollgate::filters::basic_auth
