#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/net/address.h"

namespace tollgate::net {

/// Names with fixed addresses, in the format of hosts(5). Immutable once read.
class HostsFile {
 public:
  /// What cannot be read, and lines that are none, hold nothing.
  static HostsFile read(const std::string& path);
  static HostsFile parse(std::string_view text);

  /// Port 0. Names are compared without regard to case.
  const std::vector<Address>& find(std::string_view name) const;

 private:
  std::map<std::string, std::vector<Address>, std::less<>> names_;
};

}  // namespace tollgate::net
