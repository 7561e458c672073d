#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "source/admin/api.h"
#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::admin {

/// A store whose database can be taken away.
class StoreView : public store::Store {
 public:
  std::string name() const override { return withDatabase ? inner->name() : "off"; }
  Result<store::Revision> load(const std::function<void(store::Entity)>& each) override {
    if (!reachable_) return lost();
    return inner->load(each);
  }
  Result<std::vector<store::Commit>> changesSince(store::Revision since) override {
    if (!reachable_) return lost();
    return inner->changesSince(since);
  }
  Result<store::Revision> revision() override {
    if (!reachable_) return lost();
    return inner->revision();
  }
  std::variant<store::Commit, store::Refusal> transact(std::vector<store::Change> changes,
                                                       const store::Reason& reason) override {
    if (reachable_) return inner->transact(std::move(changes), reason);
    store::Refusal refusal;
    refusal.message = lost().message;
    return refusal;
  }
  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override {
    if (!reachable_) return lost();
    return inner->get(kind, id);
  }
  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override {
    if (!reachable_) return lost();
    return inner->getByUnique(kind, field, value);
  }
  Result<std::vector<Json>> list(std::string_view kind, const store::ListQuery& query) override {
    if (!reachable_) return lost();
    return inner->list(kind, query);
  }
  store::History* history() override { return inner->history(); }
  bool reachable() const override { return reachable_; }
  bool writable() const override { return inner->writable(); }
  void watch(std::function<void()> changed) override { inner->watch(std::move(changed)); }

  store::Store* inner = nullptr;
  std::atomic<bool> reachable_{true};
  bool withDatabase = true;

 private:
  static Error lost() {
    return Error::unavailable("cannot reach the database: connection refused");
  }
};

/// A process around the Api: an embedded store in a folder of its own, and facts that tests can
/// set.
class FakeContext : public ApiContext {
 public:
  FakeContext() {
    std::string pattern = (std::filesystem::temp_directory_path() / "admin.XXXXXX").string();
    const char* made = mkdtemp(pattern.data());
    if (made == nullptr) return;
    folder_ = made;
    auto opened = store::openSqlite(folder_ + "/tollgate.db", store::KeyExtractor::fromSchemas());
    if (opened.ok()) store_ = std::move(opened).value();
  }
  ~FakeContext() override {
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  store::Store& store() override {
    view_.inner = store_.get();
    view_.reachable_ = reachable;
    view_.withDatabase = withDatabase;
    return view_;
  }
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                     store::Reason reason) override {
    reasons.push_back(reason);
    if (auto meanwhile = std::exchange(beforeCommit, nullptr)) meanwhile();
    auto outcome = store().transact(std::move(changes), reason);
    if (auto* done = std::get_if<store::Commit>(&outcome)) committed_ = done->revision;
    return outcome;
  }
  store::Revision committed() override { return committed_; }
  std::string notLive() override { return laggards; }
  std::vector<std::string> warnings(std::string_view kind, const Json& doc) override {
    return doc.value("protocol", Json()) == "tcp" ? std::vector<std::string>{"no \"tcp\" here"}
                                                  : std::vector<std::string>{};
  }
  store::NodeRecord self() override { return record; }
  Standing standing() override { return stand; }
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
  ServerCounters counters() override {
    ServerCounters out;
    out.accepted = 9, out.handled = 8, out.requests = 7;
    out.active = 6, out.reading = 1, out.writing = 2, out.waiting = 3;
    return out;
  }
  stats::Snapshot metrics() override { return counted.snapshot(); }
  MemoryUse memory() override { return {{{11, 3 * 1024 * 1024}}, {{"cache", 512, 2048}}}; }
  std::vector<std::string> enabledPlugins() override { return plugins; }
  bool pluginListed(std::string_view name) override {
    return std::find(unlisted.begin(), unlisted.end(), name) == unlisted.end();
  }
  UpstreamHealth& upstreamHealth() override { return *health; }
  std::string configurationHash() override { return hash; }
  void configurationReplaced(const std::string& now) override { hash = now; }
  std::vector<std::string> guiOrigins() override { return origins; }
  std::string logLevel() override { return level; }
  bool setLogLevel(std::string_view wanted, uint64_t seconds, bool wholeCluster) override {
    level = wanted;
    levelSeconds = seconds;
    return true;
  }
  void logError(std::string_view text) override { errors.emplace_back(text); }

  stats::Registry counted;
  double time = 1700000000.25;
  std::vector<std::string> plugins = {"key-auth", "rate-limiting"};
  std::vector<std::string> unlisted;  ///< Plugins that the settings do not name.
  UncheckedHealth unchecked;
  UpstreamHealth* health = &unchecked;
  std::vector<std::string> origins;
  std::string level = "notice";
  std::string hash = std::string(32, '0');
  uint64_t levelSeconds = 0;
  std::vector<std::string> errors;
  std::vector<store::Reason> reasons;
  store::NodeRecord record{"0b1e7bd4-6a0b-4d5b-8a2c-0c7f2d1f6a11", "edge", "0.1.0", 7, "running"};
  Standing stand;
  std::function<void()> beforeCommit;  ///< Once: what another node does before the next commit.
  std::string laggards;                ///< What the workers do not run of a commit.
  bool reachable = true;  ///< False: the store answers nothing but that it is out of reach.
  bool withDatabase = true;

 private:
  std::string folder_;
  store::Revision committed_ = 0;
  std::unique_ptr<store::Store> store_;
  StoreView view_;
};

/// Requests to an Api of its own, and what it answered.
class ApiTest : public testing::Test {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  Response send(std::string method, std::string target, std::string body = "",
                Headers headers = {}) {
    return api_.handle(
        {std::move(method), std::move(target), std::move(headers), std::move(body), "127.0.0.1"});
  }
  Response sendJson(std::string method, std::string target, const Json& body) {
    return send(std::move(method), std::move(target), body.dump(),
                {{"Content-Type", "application/json"}});
  }
  Response sendForm(std::string method, std::string target, std::string body) {
    return send(std::move(method), std::move(target), std::move(body),
                {{"content-type", "application/x-www-form-urlencoded"}});
  }

  static Json json(const Response& response) {
    Json body = Json::parse(response.body, nullptr, false);
    if (body.is_discarded()) ADD_FAILURE() << "not JSON: " << response.body;
    return body;
  }
  /// "" where there is no such header.
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static std::string message(const Response& response) {
    return json(response).value("message", std::string());
  }

  /// Creates and returns an entity; fails the test where that is refused.
  Json create(const std::string& path, const Json& body) {
    Response response = sendJson("POST", path, body);
    EXPECT_EQ(response.status, 201) << path << " " << body << ": " << response.body;
    return json(response);
  }
  Json get(const std::string& path) {
    Response response = send("GET", path);
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    return json(response);
  }
  int status(const std::string& method, const std::string& path) {
    return send(method, path).status;
  }

  FakeContext context_;
  Api api_{context_};
};

}  // namespace tollgate::admin
