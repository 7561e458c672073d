// SRV records of a DNS message from anybody: targets that are names of hosts, no more records than
// the message can hold.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "source/net/srv_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto records = tollgate::net::parseSrvRecords(data, size);
  // A record takes a name of one byte or more, ten bytes of its head and seven of its own.
  if (records.size() * 18 > size) std::abort();
  for (const auto& record : records) {
    if (record.target.empty() || record.target.size() > 253) std::abort();
    if (record.target.front() == '.' || record.target.back() == '.') std::abort();
    for (unsigned char c : record.target) {
      if (std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.') std::abort();
    }
  }
  return 0;
}
