#include "source/base/host_port.h"

#include <gtest/gtest.h>

namespace tollgate {
namespace {

TEST(HostPort, TakesNamesAndAddressesApart) {
  struct Row {
    std::string_view text, host, bare;
    uint16_t port;
  };
  for (const Row& row :
       {Row{"name", "name", "name", 0}, Row{"name:80", "name", "name", 80},
        Row{"name:", "name", "name", 0}, Row{"1.2.3.4:8443", "1.2.3.4", "1.2.3.4", 8443},
        Row{"[::1]:8443", "[::1]", "::1", 8443}, Row{"[::1]", "[::1]", "::1", 0},
        Row{"::1", "::1", "::1", 0}, Row{"2001:db8::1:80", "2001:db8::1:80", "2001:db8::1:80", 0},
        Row{"name:65536", "name:65536", "name:65536", 0},
        Row{"name:123456", "name:123456", "name:123456", 0},
        Row{"name:8o", "name:8o", "name:8o", 0}, Row{"8080", "8080", "8080", 0}, Row{"", "", "", 0},
        Row{":80", "", "", 80}, Row{"[", "[", "[", 0}, Row{"[]:1", "[]", "[]", 1},
        Row{"[::1", "[::1", "[::1", 0}, Row{"[::1]x:80", "[::1]x:80", "[::1]x:80", 0}}) {
    const HostPort split = HostPort::split(row.text);
    EXPECT_EQ(split.host, row.host) << row.text;
    EXPECT_EQ(split.bareHost(), row.bare) << row.text;
    EXPECT_EQ(split.number(), row.port) << row.text;
  }
}

}  // namespace
}  // namespace tollgate
