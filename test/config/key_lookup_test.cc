#include "source/config/key_lookup.h"

#include <thread>

#include "source/config/directory.h"

namespace tollgate::config {
namespace {

std::shared_ptr<const Credentials> credentials() {
  return std::make_shared<Credentials>("a secret of thirty-two characters");
}

TEST(KeyLookup, RemembersWhatItWasTold) {
  KeyLookup lookup(credentials());
  KeyLookup::Probe first = lookup.probe("k1");
  EXPECT_FALSE(first.remembered);
  EXPECT_FALSE(lookup.probe("k1").remembered) << "nobody said that the key exists";
  lookup.remember(first);
  KeyLookup::Probe again = lookup.probe("k1");
  EXPECT_TRUE(again.remembered);
  EXPECT_EQ(again.digest, lookup.credentials().lookupDigest("k1"));
  EXPECT_FALSE(lookup.probe("k2").remembered);
  EXPECT_FALSE(lookup.probe("").remembered);
}

TEST(KeyLookup, GivesTheRightDigestWhateverWasDrivenOut) {
  KeyLookup lookup(credentials(), 8);
  size_t remembered = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      std::string key = "k" + std::to_string(i);
      KeyLookup::Probe probe = lookup.probe(key);
      ASSERT_EQ(probe.digest, lookup.credentials().lookupDigest(key));
      remembered += probe.remembered;
      lookup.remember(probe);
    }
  }
  EXPECT_LT(remembered, 300u);
}

TEST(KeyLookup, IsReadAndWrittenByManyWorkersAtOnce) {
  KeyLookup lookup(credentials(), 4);
  std::vector<tls::Sha256> expected;
  for (int i = 0; i < 16; ++i) {
    expected.push_back(lookup.credentials().lookupDigest("k" + std::to_string(i)));
  }
  std::atomic<int> wrong{0};
  std::vector<std::thread> workers;
  for (int t = 0; t < 4; ++t) {
    workers.emplace_back([&, t] {
      for (size_t n = 0; n < 5000; ++n) {
        size_t i = (n * 7 + static_cast<size_t>(t)) % expected.size();
        KeyLookup::Probe probe = lookup.probe("k" + std::to_string(i));
        if (probe.digest != expected[i]) ++wrong;
        if (!probe.remembered) lookup.remember(probe);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(wrong, 0);
}

TEST(SnapshotDirectory, FindsByDigestWhoeverPresentsTheKey) {
  auto lookup = std::make_shared<KeyLookup>(credentials());
  SnapshotDirectory directory(lookup);
  directory.numbered.edit(0) = ConsumerEntry::make({});
  http::KeyCredential credential;
  credential.id = "id-1";
  directory.keys.put(
      KeyEntry::make(directory.indexOf(lookup->credentials().digest("k1")), credential));
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    const http::KeyCredential* found = directory.findKey("k1").credential;
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id, "id-1");
  }
  EXPECT_TRUE(lookup->probe("k1").remembered);
  EXPECT_EQ(directory.findKey("k2").credential, nullptr);
  EXPECT_FALSE(lookup->probe("k2").remembered) << "guesses drive nothing out";
  EXPECT_EQ(directory.findKey(lookup->credentials().digest("k1")).credential, nullptr);
}

}  // namespace
}  // namespace tollgate::config
