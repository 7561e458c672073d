#include "source/config/key_lookup.h"

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "source/config/directory.h"

namespace tollgate::config {
namespace {

std::shared_ptr<const store::Credentials> credentials() {
  return std::make_shared<store::Credentials>("a secret of thirty-two characters");
}

crypto::Sha256 digestOf(const KeyLookup& lookup, const std::string& key) {
  return lookup.credentials().lookupDigest(key);
}

TEST(KeyLookup, RemembersWhatItWasTold) {
  KeyLookup lookup(credentials());
  const Hash128 k1 = lookup.hashOf("k1"), k2 = lookup.hashOf("k2");
  const http::KeyCredential credential;
  const http::Consumer consumer;
  crypto::Sha256 digest;
  http::KeyOwner owner;
  EXPECT_FALSE(lookup.recallDigest(k1, digest)) << "nobody said that the key exists";
  lookup.remember(k1, digestOf(lookup, "k1"), 7, {&credential, &consumer});
  ASSERT_TRUE(lookup.recallDigest(k1, digest));
  EXPECT_EQ(digest, digestOf(lookup, "k1"));
  ASSERT_TRUE(lookup.recallOwner(k1, 7, owner));
  EXPECT_EQ(owner.credential, &credential);
  EXPECT_EQ(owner.consumer, &consumer);
  EXPECT_FALSE(lookup.recallOwner(k1, 8, owner)) << "another directory may say something else";
  for (const Hash128& other : {k2, lookup.hashOf(""), Hash128{}}) {
    EXPECT_FALSE(lookup.recallDigest(other, digest));
    EXPECT_FALSE(lookup.recallOwner(other, 7, owner));
    EXPECT_FALSE(lookup.recallOwner(other, 0, owner));
  }
}

TEST(KeyLookup, AnOlderDirectoryDoesNotDriveOutANewerOne) {
  KeyLookup lookup(credentials());
  const Hash128 hash = lookup.hashOf("k1");
  const http::KeyCredential older, newer;
  const http::Consumer consumer;
  http::KeyOwner owner;
  for (auto [number, credential] : {std::pair{8, &newer}, std::pair{7, &older}}) {
    lookup.remember(hash, digestOf(lookup, "k1"), static_cast<uint64_t>(number),
                    {credential, &consumer});
  }
  EXPECT_FALSE(lookup.recallOwner(hash, 7, owner));
  ASSERT_TRUE(lookup.recallOwner(hash, 8, owner));
  EXPECT_EQ(owner.credential, &newer);
  lookup.remember(hash, digestOf(lookup, "k1"), 9, {});
  ASSERT_TRUE(lookup.recallOwner(hash, 9, owner));
  EXPECT_EQ(owner.credential, nullptr) << "the same slot, renewed";
  EXPECT_FALSE(lookup.recallOwner(hash, 8, owner));
}

TEST(KeyLookup, GivesTheRightDigestWhateverWasDrivenOut) {
  KeyLookup lookup(credentials(), 8);
  size_t remembered = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      const std::string key = "k" + std::to_string(i);
      const Hash128 hash = lookup.hashOf(key);
      crypto::Sha256 digest;
      if (lookup.recallDigest(hash, digest)) {
        ++remembered;
        ASSERT_EQ(digest, digestOf(lookup, key));
      }
      lookup.remember(hash, digestOf(lookup, key), 1, {});
    }
  }
  EXPECT_LT(remembered, 300u);
}

TEST(KeyLookup, IsReadAndWrittenByManyWorkersAtOnce) {
  KeyLookup lookup(credentials(), 4);
  constexpr size_t kKeys = 16;
  std::vector<crypto::Sha256> digests;
  std::array<http::KeyCredential, kKeys> owners;
  const http::Consumer consumer;
  for (size_t i = 0; i < kKeys; ++i) digests.push_back(digestOf(lookup, "k" + std::to_string(i)));
  std::atomic<int> wrong{0};
  std::vector<std::thread> workers;
  for (size_t t = 0; t < 4; ++t) {
    workers.emplace_back([&, t] {
      for (size_t n = 0; n < 5000; ++n) {
        const size_t i = (n * 7 + t) % kKeys;
        const uint64_t directory = 1 + n / 1000;
        const Hash128 hash = lookup.hashOf("k" + std::to_string(i));
        crypto::Sha256 digest;
        http::KeyOwner owner;
        if (lookup.recallDigest(hash, digest) && digest != digests[i]) ++wrong;
        if (!lookup.recallOwner(hash, directory, owner)) {
          lookup.remember(hash, digests[i], directory, {&owners[i], &consumer});
        } else if (owner.credential != &owners[i] || owner.consumer != &consumer) {
          ++wrong;
        }
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(wrong, 0);
}

class DirectoryTest : public testing::Test {
 protected:
  void put(const std::string& key, std::string_view id) {
    http::KeyCredential credential;
    credential.id = id;
    directory_.keys.put(
        KeyEntry::make(directory_.indexOf(lookup_->credentials().digest(key)), credential));
  }
  void consumer(std::string_view name) {
    http::Consumer consumer;
    consumer.username = name;
    directory_.numbered.edit(0) = ConsumerEntry::make(consumer);
  }
  static std::string_view idIn(const SnapshotDirectory& directory, std::string_view key) {
    const http::KeyOwner owner = directory.findKey(key);
    EXPECT_EQ(owner.credential == nullptr, owner.consumer == nullptr);
    return owner.credential != nullptr ? owner.credential->id : "";
  }

  std::shared_ptr<KeyLookup> lookup_ = std::make_shared<KeyLookup>(credentials());
  SnapshotDirectory directory_{lookup_};
};

TEST_F(DirectoryTest, FindsByDigestWhoeverPresentsTheKey) {
  consumer("anna");
  put("k1", "id-1");
  auto published = directory_.published();
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    EXPECT_EQ(idIn(directory_, "k1"), "id-1");
    EXPECT_EQ(idIn(*published, "k1"), "id-1");
  }
  crypto::Sha256 digest;
  EXPECT_TRUE(lookup_->recallDigest(lookup_->hashOf("k1"), digest));
  EXPECT_EQ(idIn(*published, "k2"), "");
  EXPECT_FALSE(lookup_->recallDigest(lookup_->hashOf("k2"), digest)) << "guesses drive nothing out";
  EXPECT_EQ(idIn(*published, lookup_->credentials().digest("k1")), "");
}

TEST_F(DirectoryTest, WhatIsRememberedIsOfOneDirectory) {
  consumer("anna");
  put("k1", "id-1");
  auto first = directory_.published();
  EXPECT_EQ(idIn(*first, "k1"), "id-1");
  put("k1", "id-2");
  consumer("berta");
  auto second = directory_.published();
  EXPECT_EQ(second->findKey("k1").credential->id, "id-2");
  EXPECT_EQ(second->findKey("k1").consumer->username, "berta");
  EXPECT_EQ(first->findKey("k1").consumer->username, "anna") << "as long as somebody holds it";
  directory_.keys.erase(directory_.indexOf(lookup_->credentials().digest("k1")));
  auto third = directory_.published();
  EXPECT_EQ(idIn(*third, "k1"), "");
  EXPECT_EQ(idIn(*second, "k1"), "id-2");
  EXPECT_EQ(idIn(*third, "k1"), "");
}

TEST_F(DirectoryTest, AKeyWhoseConsumerIsGoneIsUnknown) {
  put("k1", "id-1");
  auto published = directory_.published();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(idIn(*published, "k1"), "");
  consumer("anna");
  EXPECT_EQ(idIn(*directory_.published(), "k1"), "id-1");
}

}  // namespace
}  // namespace tollgate::config
