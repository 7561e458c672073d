#include "source/server/admin_reader.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "test/admin/support.h"

namespace tollgate::server {
namespace {

/// A store whose lists wait at a gate, and fail while it is away.
class GatedStore final : public admin::StoreView {
 public:
  explicit GatedStore(store::Store& inner) { this->inner = &inner; }

  Result<std::vector<Json>> list(std::string_view kind, const store::ListQuery& query) override {
    {
      std::unique_lock lock(mutex_);
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return open_; });
      --waiting_;
    }
    return StoreView::list(kind, query);
  }
  void open(bool open) {
    std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void awaitWaiting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int waiting_ = 0;
};

class AdminReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    auto database = std::make_unique<GatedStore>(node_.store());
    auto copy = std::make_unique<GatedStore>(copyNode_.store());
    database_ = database.get();
    node_.stand.revision = 7;
    reader_ = std::make_unique<AdminReader>(node_, std::move(database), std::move(copy),
                                            AdminReader::Options{std::chrono::milliseconds(1)});
    reader_->start();
  }
  void TearDown() override {
    database_->open(true);
    reader_->stop();
  }

  std::future<admin::Response> ask(const std::string& path) {
    auto promise = std::make_shared<std::promise<admin::Response>>();
    reader_->answer({"GET", path, {}, "", "127.0.0.1"},
                    [promise](admin::Response got) { promise->set_value(std::move(got)); });
    return promise->get_future();
  }
  static bool isCopy(const admin::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Warning") return value.find("revision 7") != std::string::npos;
    }
    return false;
  }

  admin::FakeContext node_, copyNode_;
  GatedStore* database_ = nullptr;
  std::unique_ptr<AdminReader> reader_;
};

TEST_F(AdminReaderTest, AnswersFromTheDatabaseWhileItAnswers) {
  admin::Response response = ask("/services").get();
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(isCopy(response));
}

TEST_F(AdminReaderTest, AnswersFromTheCopyWhileTheDatabaseIsAway) {
  database_->reachable_ = false;
  admin::Response response = ask("/services").get();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(isCopy(response));
  EXPECT_EQ(ask("/nodes").get().status, 200);  // no registry: itself
  database_->reachable_ = true;
  // The probe finds it again without being asked.
  while (isCopy(ask("/services").get())) {
  }
}

TEST_F(AdminReaderTest, ReadsDoNotWaitForADatabaseThatIsKnownToBeAway) {
  database_->reachable_ = false;
  EXPECT_TRUE(isCopy(ask("/services").get()));
  database_->open(false);
  database_->awaitWaiting();  // the probe hangs
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(isCopy(ask("/services").get()));
}

TEST_F(AdminReaderTest, WhatWaitedForTheDatabaseComesFromTheCopyToo) {
  database_->open(false);
  auto first = ask("/services");
  database_->awaitWaiting();
  auto second = ask("/services"), third = ask("/routes");
  database_->reachable_ = false;
  database_->open(true);
  EXPECT_TRUE(isCopy(first.get()));
  EXPECT_TRUE(isCopy(second.get()));
  EXPECT_TRUE(isCopy(third.get()));
}

TEST(AdminReader, TakesWhatOnlyReads) {
  auto isRead = [](const char* method, const char* target) {
    return AdminReader::isRead({method, target, {}, "", ""});
  };
  EXPECT_TRUE(isRead("GET", "/services"));
  EXPECT_TRUE(isRead("HEAD", "/services?size=1"));
  EXPECT_FALSE(isRead("POST", "/services"));
  EXPECT_FALSE(isRead("DELETE", "/services/a"));
  EXPECT_FALSE(isRead("GET", "/config"));
}

}  // namespace
}  // namespace tollgate::server
