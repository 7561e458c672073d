#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

#include "source/base/cow_set.h"
#include "source/base/cow_vector.h"

namespace tollgate {
namespace {

struct Item : RefCounted<Item> {
  Item(std::string key, int value) : key(std::move(key)), value(value) { ++alive; }
  Item(const Item& other) : RefCounted(other), key(other.key), value(other.value) { ++alive; }
  ~Item() { --alive; }
  std::string key;
  int value;
  static int alive;
};
int Item::alive = 0;
struct KeyOf {
  static std::string_view of(const Item& item) { return item.key; }
};
using Set = CowSet<Item, KeyOf>;
using Model = std::map<std::string, int>;

template <typename AnySet>
void expectEqual(const AnySet& set, const Model& model) {
  ASSERT_EQ(set.size(), model.size());
  for (const auto& [key, value] : model) {
    const Item* found = set.find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->value, value);
  }
  size_t visited = 0;
  set.forEach([&](const Item& item) { visited += model.count(item.key); });
  EXPECT_EQ(visited, model.size());
}

TEST(CowSet, FindsReplacesAndForgets) {
  Set set;
  EXPECT_EQ(set.find("a"), nullptr);
  EXPECT_FALSE(set.erase("a"));
  set.put(makeRef<Item>("a", 1));
  set.put(makeRef<Item>("a", 2));
  EXPECT_EQ(set.size(), 1u);
  EXPECT_EQ(set.find("a")->value, 2);
  EXPECT_TRUE(set.erase("a"));
  EXPECT_EQ(set.find("a"), nullptr);
  EXPECT_TRUE(set.empty());
}

TEST(CowSet, EditCopiesOnlyWhatOthersHold) {
  Set set;
  set.put(makeRef<Item>("a", 1));
  const Item* alone = set.find("a");
  EXPECT_EQ(set.edit("a"), alone);
  Set published = set;
  Item* changed = set.edit("a");
  EXPECT_NE(changed, alone);
  changed->value = 2;
  EXPECT_EQ(published.find("a")->value, 1);
  EXPECT_EQ(set.find("a")->value, 2);
  EXPECT_EQ(set.edit("b"), nullptr);
}

/// The 60 bits that the tree looks at are the same for all keys.
struct PoorHash {
  size_t operator()(std::string_view key) const {
    return static_cast<size_t>(key.front() & 1) << 60;
  }
};

TEST(CowSet, TellsKeysOfTheSameHashApart) {
  CowSet<Item, KeyOf, PoorHash> set;
  Model model;
  for (int i = 0; i < 50; ++i) {
    set.put(makeRef<Item>(std::to_string(i), i));
    model[std::to_string(i)] = i;
  }
  auto copy = set;
  Model before = model;
  expectEqual(set, model);
  for (int i = 0; i < 50; i += 3) {
    EXPECT_TRUE(set.erase(std::to_string(i)));
    model.erase(std::to_string(i));
    EXPECT_FALSE(set.erase(std::to_string(i)));
  }
  set.edit("1")->value = model["1"] = 77;
  expectEqual(set, model);
  expectEqual(copy, before);
  for (int i = 0; i < 50; ++i) set.erase(std::to_string(i));
  EXPECT_TRUE(set.empty());
}

TEST(CowSet, CopiesStayAsTheyWereWhateverHappensToTheOriginal) {
  std::mt19937 random(1);
  {
    Set set;
    Model model;
    std::map<int, std::pair<Set, Model>> copies;
    for (int step = 0; step < 20000; ++step) {
      std::string key = std::to_string(random() % 3000);
      switch (random() % 4) {
        case 0:
          EXPECT_EQ(set.erase(key), model.erase(key) > 0);
          break;
        case 1:
          if (Item* item = set.edit(key)) item->value = model[key] = step;
          break;
        default:
          set.put(makeRef<Item>(key, step));
          model[key] = step;
      }
      if (step % 997 == 0) copies[static_cast<int>(random() % 8)] = {set, model};
    }
    expectEqual(set, model);
    for (const auto& [number, copy] : copies) expectEqual(copy.first, copy.second);
  }
  EXPECT_EQ(Item::alive, 0);
}

TEST(CowVector, GrowsIsSparseAndKeepsCopies) {
  CowVector<std::shared_ptr<int>> vector;
  EXPECT_EQ(vector[5], nullptr);
  vector.edit(100000) = std::make_shared<int>(1);
  EXPECT_EQ(vector[99999], nullptr);
  auto copy = vector;
  vector.edit(100000) = std::make_shared<int>(2);
  vector.edit(3) = std::make_shared<int>(3);
  EXPECT_EQ(*copy[100000], 1);
  EXPECT_EQ(copy[3], nullptr);
  EXPECT_EQ(*vector[100000], 2);
  EXPECT_EQ(*vector[3], 3);
}

}  // namespace
}  // namespace tollgate
