#include <gtest/gtest.h>

#include "filters/http/basic_auth/user_password.h"
#include "filters/http/basic_auth/verified_passwords.h"

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

}  // namespace
}  // namespace tollgate::filters::basic_auth
