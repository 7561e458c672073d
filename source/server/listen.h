#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

namespace tollgate::server {

/// One entry of a *_listen setting: "0.0.0.0:8443 ssl http2 backlog=16384".
struct ListenEntry {
  std::string host;  ///< An IP address (IPv6 without brackets) or a name.
  uint16_t port = 0;
  bool ssl = false;
  bool http2 = false;
  bool proxyProtocol = false;
  int backlog = 16384;
};

/// The entries of `value`, none if it begins with "off". `setting` stands in the error.
Result<std::vector<ListenEntry>> parseListen(std::string_view setting, std::string_view value);

}  // namespace tollgate::server
