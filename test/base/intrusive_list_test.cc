#include "source/base/intrusive_list.h"

namespace tollgate {
namespace {

struct Tag {};
struct Item : ListLink<Tag> {
  explicit Item(int id) : id(id) {}
  int id;
};

std::vector<int> ids(IntrusiveList<Item, Tag>& list) {
  std::vector<int> out;
  for (Item* item = list.front(); item != nullptr; item = list.next(*item)) out.push_back(item->id);
  return out;
}

TEST(IntrusiveList, MovesAnItemThatStandsInItAlready) {
  IntrusiveList<Item, Tag> list;
  Item a(1), b(2);
  list.pushBack(a);
  list.pushBack(a);  // the last item to the end: the case that once left a dangling link
  EXPECT_EQ(ids(list), (std::vector<int>{1}));
  list.pushBack(b);
  list.pushFront(b);
  list.pushFront(b);
  list.pushBack(b);
  EXPECT_EQ(ids(list), (std::vector<int>{1, 2}));
}

TEST(IntrusiveList, LosesAnItemThatIsDestroyed) {
  IntrusiveList<Item, Tag> list;
  Item a(1);
  list.pushBack(a);
  {
    Item b(2);
    list.pushBack(b);
  }
  EXPECT_EQ(ids(list), (std::vector<int>{1}));
}

}  // namespace
}  // namespace tollgate
