#include "source/server/control.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/log/error_log.h"

namespace tollgate::server {

using log::Level;

namespace {

constexpr std::chrono::seconds kExpiryInterval{60};

/// Counts the workers that have taken a snapshot over.
class Latch {
 public:
  explicit Latch(size_t count) : left_(count) {}
  void done() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) zero_.notify_all();
  }
  bool wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return zero_.wait_for(lock, limit, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  size_t left_;
};

}  // namespace

Control::Control(std::unique_ptr<store::Store> store, std::unique_ptr<store::LastGood> lastGood,
                 http::SharedCounters* counters, Options options)
    : store_(std::move(store)),
      lastGood_(std::move(lastGood)),
      options_(options),
      compiler_(counters) {}

Control::~Control() { stop(); }

Status Control::load(const std::string& outage) {
  Status loaded = outage.empty() ? reload() : Status(Error::unavailable(outage));
  if (!loaded) {
    if (loaded.error().kind != Error::Kind::kUnavailable) return loaded;
    storeLost_ = true;
    log::error(Level::kError, fmt::format("store: {}", loaded.error().text()));
    if (Status kept = loadLastGood(); kept) {
      log::error(Level::kWarn,
                 fmt::format("serving the last good configuration (revision {}) until "
                             "the store answers",
                             revision()));
    } else {
      log::error(Level::kError, fmt::format("no last good configuration either: {}; every request "
                                            "gets 404 until the store answers",
                                            kept.error().text()));
      compiler_.clear();
    }
  }
  current_ = compiler_.compile(revision());
  reportProblems();
  return {};
}

/// Everything from the store, entity by entity. On failure the compiled state stays as it was.
Status Control::reload() {
  compiler_.beginReload();
  if (lastGood_ != nullptr) lastGood_->beginReplacement();
  auto revision = store_->load([&](store::Entity entity) {
    if (lastGood_ != nullptr) lastGood_->keep(entity);
    compiler_.apply({store::Change::Op::kInsert, std::move(entity.kind), std::move(entity.id),
                     std::move(entity.doc)});
  });
  compiler_.endReload(revision.ok());
  if (!revision) {
    if (lastGood_ != nullptr) lastGood_->abandonReplacement();
    return revision.error();
  }
  revision_ = *revision;
  loadedFromStore_ = true;
  if (lastGood_ != nullptr) tellIfNotKept(lastGood_->endReplacement(*revision));
  return {};
}

Status Control::loadLastGood() {
  if (lastGood_ == nullptr) return Error::notFound("none is kept for this kind of store");
  compiler_.clear();
  auto revision = lastGood_->load([&](store::Entity entity) {
    compiler_.apply({store::Change::Op::kInsert, entity.kind, entity.id, entity.doc});
  });
  if (!revision) return revision.error();
  revision_ = *revision;
  return {};
}

/// Trouble with the node's own copy is told but stops nothing.
void Control::tellIfNotKept(const Status& kept) {
  if (kept) return;
  log::error(Level::kError,
             fmt::format("last good configuration not kept: {}", kept.error().text()));
}

void Control::start(std::vector<proxy::WorkerContext*> workers) {
  workers_ = std::move(workers);
  thread_ = std::thread([this] { run(); });
  store_->watch([this] {
    std::lock_guard lock(mutex_);
    look_ = true;
    wake_.notify_one();
  });
}

void Control::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Control::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void Control::run() {
  auto nextLook = std::chrono::steady_clock::now() + options_.pollInterval;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (storeLost_) {
      nextLook = std::min(nextLook, std::chrono::steady_clock::now() + options_.retryInterval);
    }
    wake_.wait_until(lock, nextLook, [&] { return stopping_ || look_ || !tasks_.empty(); });
    std::deque<std::function<void()>> tasks = std::move(tasks_);
    tasks_.clear();
    bool look = std::exchange(look_, false) || std::chrono::steady_clock::now() >= nextLook;
    lock.unlock();
    if (look) {
      catchUp();
      nextLook = std::chrono::steady_clock::now() + options_.pollInterval;
    }
    for (auto& task : tasks) task();
    expireKeys();
    freeRetired();
    lock.lock();
  }
}

void Control::catchUp() {
  Status done;
  if (!loadedFromStore_) {
    done = reload();
    if (done) compileAndPublish();
  } else if (auto changes = store_->changesSince(revision()); changes) {
    for (const store::Commit& commit : *changes) apply(commit);
    if (!changes->empty()) compileAndPublish();
  } else if (changes.error().kind == Error::Kind::kNotFound) {
    done = reload();  // the history does not reach back: begin anew
    if (done) compileAndPublish();
  } else {
    done = changes.error();
  }
  if (!done && !storeLost_) {
    log::error(Level::kError, fmt::format("store: {}; serving on with revision {}",
                                          done.error().text(), revision()));
  }
  if (done && storeLost_) {
    log::error(Level::kNotice, fmt::format("store: answers again, revision {}", revision()));
  }
  storeLost_ = !done.ok();
}

void Control::apply(const store::Commit& commit) {
  for (const store::Change& change : commit.changes) compiler_.apply(change);
  revision_ = commit.revision;
  if (lastGood_ != nullptr) tellIfNotKept(lastGood_->apply(commit));
}

std::variant<store::Commit, store::Refusal> Control::commit(std::vector<store::Change> changes,
                                                            const store::Reason& reason) {
  auto outcome = store_->transact(std::move(changes), reason);
  auto* commit = std::get_if<store::Commit>(&outcome);
  if (commit == nullptr) return outcome;
  if (loadedFromStore_ && commit->revision == revision() + 1) {
    apply(*commit);
    compileAndPublish();
  } else {
    catchUp();  // others wrote in between
  }
  return outcome;
}

void Control::compileAndPublish() {
  if (current_ != nullptr) retired_.push_back(std::move(current_));
  current_ = compiler_.compile(revision());
  reportProblems();
  publish();
}

void Control::publish() {
  if (workers_.empty()) return;
  auto latch = std::make_shared<Latch>(workers_.size());
  for (proxy::WorkerContext* worker : workers_) {
    worker->loop.post([worker, latch, snapshot = current_]() mutable {
      worker->setSnapshot(std::move(snapshot));
      latch->done();
    });
  }
  if (!latch->wait(options_.publishLimit)) {
    log::error(Level::kCrit,
               fmt::format("a worker did not take revision {} over in time", revision()));
  }
}

void Control::freeRetired() {
  std::erase_if(retired_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
}

/// Deletes the credentials whose time is over; until then filters and the Admin API ignore them.
void Control::expireKeys() {
  auto now = std::chrono::steady_clock::now();
  if (now < nextExpiry_ || !loadedFromStore_ || storeLost_) return;
  nextExpiry_ = now + kExpiryInterval;
  std::vector<store::Change> changes;
  for (std::string& id : compiler_.expiredKeys(time(nullptr))) {
    changes.push_back({store::Change::Op::kDelete, "keyauth_credentials", std::move(id), nullptr});
  }
  if (!changes.empty()) commit(std::move(changes), {"node", "time to live is over"});
}

/// Names what could not be compiled, once each.
void Control::reportProblems() {
  if (std::exchange(problemChanges_, compiler_.problemChanges()) == compiler_.problemChanges())
    return;
  std::set<std::string> texts;
  for (const Error& problem : compiler_.problems()) {
    auto [text, added] = texts.insert(problem.text());
    if (added && reported_.count(*text) == 0) {
      log::error(Level::kError, fmt::format("left out of revision {}: {}", revision(), *text));
    }
  }
  reported_ = std::move(texts);
}

}  // namespace tollgate::server
