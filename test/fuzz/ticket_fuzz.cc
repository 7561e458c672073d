// Session tickets: only what was sealed here opens, whole and unchanged.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "source/tls/ticket_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tollgate::tls::TicketKeys;
  static auto& keys = *new TicketKeys(0);
  std::vector<uint8_t> out(size + TicketKeys::kOverhead);
  size_t length = 0;
  if (keys.open(1, out, length, {data, size})) std::abort();
  std::vector<uint8_t> sealed(size + TicketKeys::kOverhead);
  if (!keys.seal(1, sealed, length, {data, size}) || length > sealed.size()) std::abort();
  sealed.resize(length);
  if (!keys.open(1, out, length, sealed) || length != size) std::abort();
  if (size > 0 && std::memcmp(out.data(), data, size) != 0) std::abort();
  // Cut anywhere, or with one bit changed, it is nobody's.
  const size_t at = size == 0 ? 0 : (data[0] | data[size - 1] << 8) % sealed.size();
  std::vector<uint8_t> part(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(at));
  if (keys.open(1, out, length, part)) std::abort();
  sealed[at] ^= 1 << (size % 8);
  if (keys.open(1, out, length, sealed)) std::abort();
  return 0;
}
