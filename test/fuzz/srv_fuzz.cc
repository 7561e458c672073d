// SRV records of a DNS message from anybody: names that can be asked for, no more than the message
// can hold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "source/net/srv_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto records = tollgate::net::parseSrvRecords(data, size);
  // A record takes a name of one byte or more, ten bytes of its head and seven of its own.
  if (records.size() * 18 > size) std::abort();
  for (const auto& record : records) {
    if (record.target.size() > 255 * 4) std::abort();
    if (record.target.ends_with('.') && !record.target.ends_with("\\.")) std::abort();
  }
  return 0;
}
