#include "source/route/host_name.h"

#include <gtest/gtest.h>

namespace tollgate::route {
namespace {

TEST(HostName, TakesThePortOffAndFoldsCase) {
  struct Row {
    const char* text;
    const char* name;
    int port;
  };
  for (const Row& row :
       {Row{"", "", 0}, Row{"a.test", "a.test", 0}, Row{"A.Test:8000", "a.test", 8000},
        Row{"a:65535", "a", 65535}, Row{"a:65536", "a:65536", 0}, Row{"a:0", "a", 0},
        Row{"a:", "a", 0}, Row{"a:000080", "a:000080", 0}, Row{"80", "80", 0},
        Row{"1.2.3.4:80", "1.2.3.4", 80}, Row{"[::1]", "[::1]", 0}, Row{"[::1]:80", "[::1]", 80},
        Row{"[FE80::12]", "[fe80::12]", 0}, Row{"a.", "a", 0}, Row{"A.:1", "a", 1}, Row{".", ".", 0}}) {
    Arena arena;
    HostName host = HostName::of(row.text, arena);
    EXPECT_EQ(host.name, row.name) << row.text;
    EXPECT_EQ(host.port, row.port) << row.text;
  }
}

}  // namespace
}  // namespace tollgate::route
