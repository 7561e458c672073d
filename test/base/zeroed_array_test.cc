#include "source/base/zeroed_array.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>

namespace tollgate {
namespace {

struct alignas(128) Wide {
  uint64_t value;
};

TEST(ZeroedArray, BeginsWithZeroesAtAnyAlignment) {
  ZeroedArray<Wide> array(1000);
  for (size_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(array[i].value, 0u);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(&array[i]) % alignof(Wide), 0u);
    array[i].value = i;
  }
  EXPECT_EQ(array[999].value, 999u);
}

TEST(ZeroedArray, TakesNoMemoryForWhatIsNotUsed) {
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  ZeroedArray<Wide> array(size_t{1} << 21);  // 256 MiB
  array[size_t{1} << 20].value = 1;
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10) << "KiB";
}

}  // namespace
}  // namespace tollgate
