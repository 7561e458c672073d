#include "source/server/setting_references.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tollgate::server {
namespace {

TEST(SettingReferences, ResolvesAValueOrEachItemOfAList) {
  setenv("SETTING_ONE", "first", 1);
  setenv("SETTING_TWO", "second", 1);
  EXPECT_EQ(dereference("plain, text", false, "").value(), "plain, text");
  EXPECT_EQ(dereference("{vault://env/setting-one}", false, "").value(), "first");
  EXPECT_EQ(dereference("{vault://env/one}", false, "setting_").value(), "first");
  EXPECT_EQ(dereference("a, {vault://env/setting-one},{vault://env/setting-two}", true, "").value(),
            "a,first,second");
  EXPECT_EQ(dereference("", true, "").value(), "");
}

TEST(SettingReferences, SaysWhyOneCannotBeResolved) {
  const std::string none = dereference("{vault://env/setting-none}", false, "").error().message;
  EXPECT_TRUE(
      none.starts_with("failed to dereference '{vault://env/setting-none}': no value found"))
      << none;
  EXPECT_NE(dereference("{vault://aws/x}", false, "").error().message.find("could not find vault"),
            std::string::npos);
}

}  // namespace
}  // namespace tollgate::server
