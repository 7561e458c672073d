#include "source/buffer/buffer.h"

#include <random>

namespace tollgate::buffer {
namespace {

TEST(Buffer, IsEmptyWithoutASlab) {
  SlabPool pool;
  Buffer buffer(pool);
  buffer.append("hello");
  EXPECT_EQ(pool.inUse(), 1u);
  buffer.consume(5);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(pool.inUse(), 0u);
}

TEST(Buffer, MovesRangesWithoutCopying) {
  SlabPool pool;
  Buffer from(pool), to(pool);
  from.append("hello world");
  const char* bytes = from.front().data();
  to.moveFrom(from, 5);
  EXPECT_EQ(to.toString(), "hello");
  EXPECT_EQ(to.front().data(), bytes);
  EXPECT_EQ(from.toString(), " world");
}

TEST(Buffer, DoesNotOverwriteBytesSharedWithAnother) {
  SlabPool pool;
  Buffer a(pool), b(pool);
  a.append("one");
  b.shareFrom(a);
  a.append("two");
  b.append("three");
  EXPECT_EQ(a.toString(), "onetwo");
  EXPECT_EQ(b.toString(), "onethree");
}

TEST(Buffer, LinearizesAcrossSlabs) {
  SlabPool pool;
  Buffer buffer(pool);
  std::string text(40'000, 'x');
  text[20'000] = 'y';
  buffer.append(text);
  EXPECT_EQ(buffer.linearize(30'000).substr(0, 30'000), text.substr(0, 30'000));
  EXPECT_EQ(buffer.toString(), text);
}

TEST(Buffer, BehavesLikeAStringUnderRandomOperations) {
  SlabPool pool;
  std::mt19937 random(7);
  Buffer a(pool), b(pool);
  std::string modelA, modelB;
  for (int step = 0; step < 20'000; ++step) {
    size_t amount = random() % 9000;
    switch (random() % 6) {
      case 0:
      case 1: {
        std::string text(amount, static_cast<char>('a' + random() % 26));
        a.append(text);
        modelA += text;
        break;
      }
      case 2: {
        size_t part = std::min(amount, modelA.size());
        a.consume(part);
        modelA.erase(0, part);
        break;
      }
      case 3: {
        size_t part = std::min(amount, modelA.size());
        b.moveFrom(a, part);
        modelB += modelA.substr(0, part);
        modelA.erase(0, part);
        break;
      }
      case 4:
        if (modelB.size() > 200'000) {
          b.clear();
          modelB.clear();
        }
        if (modelA.size() < 50'000) {
          b.shareFrom(a);
          modelB += modelA;
        }
        break;
      case 5: {
        size_t part = std::min(amount, modelB.size());
        if (part > 0) {
          EXPECT_EQ(b.linearize(part).substr(0, part), modelB.substr(0, part));
        }
        break;
      }
    }
    ASSERT_EQ(a.size(), modelA.size());
    if (step % 100 == 0) {
      ASSERT_EQ(a.toString(), modelA);
      ASSERT_EQ(b.toString(), modelB);
    }
  }
  a.clear();
  b.clear();
  EXPECT_EQ(pool.inUse(), 0u);
}

TEST(Buffer, KeepsItsContentWhenItsOneInlineRangeIsNotEnough) {
  SlabPool pool;
  Buffer a(pool), b(pool), many(pool);
  a.append("one");
  b.append("two");
  many.moveFrom(a);
  Buffer single(std::move(many));  // its only range lies in the object itself
  EXPECT_EQ(single.toString(), "one");
  single.moveFrom(b);
  b.append("three");
  single.moveFrom(b);
  EXPECT_EQ(single.toString(), "onetwothree");
  a.append("zero");
  a = std::move(single);  // the table of ranges goes along
  EXPECT_EQ(a.toString(), "onetwothree");
  a.consume(4);
  EXPECT_EQ(a.toString(), "wothree");
  a.clear();
  EXPECT_EQ(pool.inUse(), 0u);
}

TEST(Buffer, GivesBackRoomThatWasReservedInVain) {
  SlabPool pool;
  Buffer buffer(pool);
  buffer.reserve(100);
  buffer.commit(0);
  EXPECT_EQ(pool.inUse(), 0u);
  buffer.append("a");
  buffer.reserve(40'000);  // in a second slab
  buffer.commit(0);
  EXPECT_EQ(pool.inUse(), 1u);
  buffer.append("b");
  EXPECT_EQ(buffer.toString(), "ab");
}

TEST(SlabPool, KeepsSlabsForReuseUpToItsLimitAndCountsTheRest) {
  SlabPool pool(4);
  std::vector<Slab*> slabs;
  for (int i = 0; i < 10; ++i) slabs.push_back(pool.acquire());
  for (Slab* slab : slabs) SlabPool::release(slab);
  EXPECT_EQ(pool.inUse(), 0u);
  EXPECT_EQ(pool.returned(), 6 * SlabPool::kSlabBytes);
  pool.trim(1);
  EXPECT_EQ(pool.returned(), 0u);
  Slab* kept = pool.acquire();
  EXPECT_EQ(kept, slabs[0]) << "the one that is left of those that were kept";
  SlabPool::release(kept);
}

}  // namespace
}  // namespace tollgate::buffer
