// The first byte chooses the size of the pieces.
#include "test/fuzz/http1_fuzz.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  tollgate::http1::test::fuzzHttp1({reinterpret_cast<const char*>(data) + 1, size - 1},
                                   data[0] % 31 + 1);
  return 0;
}
