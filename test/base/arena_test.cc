#include "source/base/arena.h"

namespace tollgate {
namespace {

TEST(Arena, KeepsItsFirstBlockOverAReset) {
  Arena arena;
  void* first = arena.allocate(64);
  for (int i = 0; i < 100; ++i) arena.allocate(1000);
  EXPECT_GT(arena.capacity(), 2 * Arena::kBlockBytes);
  arena.reset();
  EXPECT_EQ(arena.capacity(), Arena::kBlockBytes);
  EXPECT_EQ(arena.allocate(64), first);
}

TEST(Arena, AlignsWhatItAllocates) {
  Arena arena;
  arena.chars(3);
  auto address = reinterpret_cast<uintptr_t>(arena.allocate(8, 64));
  EXPECT_EQ(address % 64, 0u);
}

TEST(Arena, ServesARequestLargerThanABlock) {
  Arena arena;
  char* large = arena.chars(100'000);
  std::memset(large, 'x', 100'000);
  EXPECT_EQ(arena.copy("small"), "small");
}

TEST(Arena, JoinsViews) {
  Arena arena;
  EXPECT_EQ(arena.concat("a", std::string_view("bc"), ""), "abc");
}

}  // namespace
}  // namespace tollgate
