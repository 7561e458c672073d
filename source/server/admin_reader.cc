#include "source/server/admin_reader.h"

#include <fmt/format.h>

#include <utility>

#include "source/admin/deadline_store.h"
#include "source/log/error_log.h"

namespace tollgate::server {
namespace {

/// The node, with the store of one lane.
class ReadContext final : public admin::ApiContext {
 public:
  ReadContext(admin::ApiContext& node, store::Store& store)
      : node_(node), store_(store, node.callLimit()) {}

  store::Store& store() override { return store_; }
  void beginCall() override { store_.begin(); }
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change>,
                                                     store::Reason) override {
    store::Refusal refusal;
    refusal.message = "this is a reader";
    return refusal;
  }
  double now() override { return node_.now(); }
  store::NodeRecord self() override { return node_.self(); }
  store::NodeRegistry::Limits nodeLimits() override { return node_.nodeLimits(); }
  admin::WaitLimits waitLimits() override { return node_.waitLimits(); }
  admin::Standing standing() override { return node_.standing(); }
  admin::NodeInfo node() override { return node_.node(); }
  Json configuration() override { return node_.configuration(); }
  admin::ServerCounters counters() override { return node_.counters(); }
  stats::Snapshot metrics() override { return node_.metrics(); }
  admin::MemoryUse memory() override { return node_.memory(); }
  std::vector<std::string> enabledPlugins() override { return node_.enabledPlugins(); }
  bool pluginListed(std::string_view name) override { return node_.pluginListed(name); }
  admin::UpstreamHealth& upstreamHealth() override { return node_.upstreamHealth(); }
  std::string configurationHash() override { return node_.configurationHash(); }
  std::vector<std::string> guiOrigins() override { return node_.guiOrigins(); }
  std::string logLevel() override { return node_.logLevel(); }
  std::string credentialTrouble() override { return node_.credentialTrouble(); }
  void logError(std::string_view text) override { node_.logError(text); }

 private:
  admin::ApiContext& node_;
  admin::DeadlineStore store_;
};

std::string_view pathOf(const admin::Request& request) {
  return std::string_view(request.target).substr(0, request.target.find_first_of("?#"));
}

/// What no copy has: the history, and the other nodes.
bool onlyInDatabase(const admin::Request& request) {
  const std::string_view path = pathOf(request);
  return path.starts_with("/revisions") || path.starts_with("/nodes");
}

}  // namespace

/// A thread with a store and the API over it.
class AdminReader::Lane {
 public:
  Lane(admin::ApiContext& node, std::unique_ptr<store::Store> store, TaskThread::Task idle,
       std::chrono::milliseconds interval)
      : store_(std::move(store)),
        context_(node, *store_),
        api_(context_),
        thread_(std::move(idle), interval) {}

  store::Store& store() { return *store_; }
  admin::Api& api() { return api_; }
  TaskThread& thread() { return thread_; }

 private:
  std::unique_ptr<store::Store> store_;
  ReadContext context_;
  admin::Api api_;
  TaskThread thread_;
};

AdminReader::AdminReader(admin::ApiContext& node, std::unique_ptr<store::Store> database,
                         std::unique_ptr<store::Store> copy, Options options)
    : node_(node) {
  TaskThread::Task idle;
  if (copy != nullptr) {
    copy_ = std::make_unique<Lane>(node, std::move(copy), nullptr, std::chrono::milliseconds(0));
    idle = [this] { probe(); };
  }
  database_ =
      std::make_unique<Lane>(node, std::move(database), std::move(idle), options.probeInterval);
}

AdminReader::~AdminReader() { stop(); }

void AdminReader::start() {
  database_->thread().start();
  if (copy_) copy_->thread().start();
}

void AdminReader::stop() {
  database_->thread().stop();
  if (copy_) copy_->thread().stop();
}

bool AdminReader::isRead(const admin::Request& request) {
  const bool reads =
      request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
  return reads && !pathOf(request).starts_with("/config");
}

void AdminReader::answer(admin::Request request, Done done) {
  const bool copied = away_ && !onlyInDatabase(request);
  Lane& lane = copied ? *copy_ : *database_;
  lane.thread().post([this, copied, request = std::move(request), done = std::move(done)] {
    copied ? fromCopy(request, done) : fromDatabase(request, done);
  });
}

void AdminReader::fromDatabase(const admin::Request& request, const Done& done) {
  const bool copied = copy_ != nullptr && !onlyInDatabase(request);
  admin::Response response;
  if (!copied || !away_) {
    response = database_->api().handle(request);
    if (copy_ != nullptr) noteAway(!database_->store().reachable());
  }
  if (!copied || !away_) return done(std::move(response));
  copy_->thread().post([this, request, done] { fromCopy(request, done); });
}

void AdminReader::fromCopy(const admin::Request& request, const Done& done) {
  admin::Response response = copy_->api().handle(request);
  response.headers.emplace_back(
      "Warning", fmt::format("110 tollgate \"the database does not answer: this is the node's own "
                             "copy, revision {}\"",
                             node_.standing().revision));
  done(std::move(response));
}

/// While the database is away: whether it still is. Reads do not wait for it meanwhile.
void AdminReader::probe() {
  if (!away_) return;
  store::ListQuery one;
  one.limit = 1;
  noteAway(!database_->store().list("services", one).ok());
}

void AdminReader::noteAway(bool away) {
  if (away_.exchange(away) == away) return;
  log::error(log::Level::kWarn,
             away ? "admin: the database does not answer in time: reads are answered from the "
                    "node's own copy"
                  : "admin: the database answers again: reads come from there");
}

}  // namespace tollgate::server
