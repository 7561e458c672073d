#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/admin/api.h"
#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::admin {

/// A process around the Api: an embedded store in a folder of its own, and facts that tests can set.
class FakeContext : public ApiContext {
 public:
  FakeContext() {
    std::string pattern = (std::filesystem::temp_directory_path() / "admin.XXXXXX").string();
    const char* made = mkdtemp(pattern.data());
    if (made == nullptr) return;
    folder_ = made;
    auto opened =
        store::openSqlite(folder_ + "/tollgate.db", store::KeyExtractor::fromSchemas());
    if (opened.ok()) store_ = std::move(opened).value();
  }
  ~FakeContext() override {
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  store::Store& store() override { return *store_; }
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                     store::Reason reason) override {
    reasons.push_back(reason);
    return store().transact(std::move(changes), reason);
  }
  double now() override { return time; }
  NodeInfo node() override {
    return {"3.10.0", "edge", "0b1e7bd4-6a0b-4d5b-8a2c-0c7f2d1f6a11", 10, {11, 12}};
  }
  Json configuration() override {
    return {{"database", "embedded"},
            {"router_flavor", "traditional_compatible"},
            {"pg_password", "hunter2"},
            {"admin_ssl_cert_key", "PEM"},
            {"proxy_server", nullptr}};
  }
  ServerCounters counters() override { return {}; }
  MemoryUse memory() override { return {{{11, 3 * 1024 * 1024}}, {{"cache", 512, 2048}}}; }
  std::vector<std::string> enabledPlugins() override { return plugins; }
  std::vector<std::string> guiOrigins() override { return origins; }
  std::string logLevel() override { return level; }
  bool setLogLevel(std::string_view wanted, uint64_t seconds, bool wholeCluster) override {
    level = wanted;
    levelSeconds = seconds;
    return true;
  }
  void logError(std::string_view text) override { errors.emplace_back(text); }

  double time = 1700000000.25;
  std::vector<std::string> plugins = {"key-auth", "rate-limiting"};
  std::vector<std::string> origins;
  std::string level = "notice";
  uint64_t levelSeconds = 0;
  std::vector<std::string> errors;
  std::vector<store::Reason> reasons;

 private:
  std::string folder_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace tollgate::admin
