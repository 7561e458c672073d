#include <gtest/gtest.h>

#include "filters/http/redirect/location.h"

namespace tollgate::filters::redirect {
namespace {

std::string with(std::string_view url, std::string_view path, std::string_view query) {
  Arena arena;
  return std::string(Location(url).with(path, query, arena));
}

TEST(Location, TakesOnPathAndQueryOfTheRequest) {
  EXPECT_EQ(with("https://new.test/old?x=1#top", "/a/b", "q=1"), "https://new.test/a/b?q=1#top");
  EXPECT_EQ(with("https://new.test/old?x=1", "/", ""), "https://new.test/");
  EXPECT_EQ(with("https://new.test", "/a", ""), "https://new.test/a");
  EXPECT_EQ(with("https://new.test?x", "/a", "y"), "https://new.test/a?y");
}

TEST(Location, IsNormal) {
  EXPECT_EQ(with("HTTPS://User@New.Test:443/x", "/a", ""), "https://User@new.test/a");
  EXPECT_EQ(with("http://new.test:80/x", "/a", ""), "http://new.test/a");
  EXPECT_EQ(with("http://new.test:8080/x", "/a", ""), "http://new.test:8080/a");
}

TEST(Location, EncodesWhatCannotStandInAPath) {
  EXPECT_EQ(with("http://n", "/a b\"\xc3\xbc?#%2F\r\n", ""),
            "http://n/a%20b%22%C3%BC%3F%23%2F%0D%0A");
}

}  // namespace
}  // namespace tollgate::filters::redirect
