#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tollgate::net {

/// One SRV record (RFC 2782): where a service is offered.
struct SrvRecord {
  std::string target;  ///< Without the final dot.
  uint16_t port = 0;
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint32_t ttl = 0;  ///< Seconds.
};

/// The SRV records in the answer section of a DNS message, in its order, without those whose target
/// is no name of a host; empty if there is none or the message is malformed. The bytes may come
/// from anybody.
std::vector<SrvRecord> parseSrvRecords(const uint8_t* message, size_t size);

}  // namespace tollgate::net
