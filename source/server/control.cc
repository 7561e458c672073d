#include "source/server/control.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/log/error_log.h"

namespace tollgate::server {

using log::Level;

namespace {

constexpr std::chrono::seconds kExpiryInterval{60};
constexpr std::chrono::seconds kPruneInterval{60};
constexpr std::chrono::milliseconds kPruneStepInterval{100};  ///< While there is more to prune.
constexpr std::chrono::seconds kCopyInterval{60};
constexpr size_t kNamedProblems = 100;  ///< In Standing.

}  // namespace

Control::Control(std::unique_ptr<store::Store> store, std::unique_ptr<store::LastGood> lastGood,
                 http::SharedCounters* counters, Options options)
    : store_(std::move(store)),
      lastGood_(std::move(lastGood)),
      options_(options),
      compiler_(counters),
      presence_(options.presence),
      waiters_(options.presence.limits, options.waitersLimit) {}

Control::~Control() { stop(); }

Status Control::load(const std::string& outage) {
  const bool resumed = resume().ok();
  Status loaded;
  if (!outage.empty()) {
    loaded = Error::unavailable(outage);
  } else {
    loaded = resumed ? follow() : reload();
  }
  if (!loaded) {
    const Error::Kind kind = loaded.error().kind;
    if (kind != Error::Kind::kUnavailable && kind != Error::Kind::kConflict) return loaded;
    settle(loaded);
    if (Status kept = resumed ? Status() : loadLastGood(); kept) {
      log::error(Level::kWarn,
                 fmt::format("serving the last good configuration (revision {})", revision()));
    } else if (kind == Error::Kind::kConflict) {
      // The copy that was ahead of the database turned out to be damaged.
      if (loaded = reload(); !loaded) return loaded;
      settle(loaded);
    } else {
      log::error(Level::kError, fmt::format("no last good configuration either: {}; every request "
                                            "gets 404 until the store answers",
                                            kept.error().text()));
    }
  }
  compile();
  reportProblems();
  return {};
}

/// The first filter that logs wants to know more of entities than was kept: they come once more.
void Control::compile() {
  current_ = compiler_.compile(revision());
  if (!compiler_.lacksRecords()) return;
  if (Status again = loadedFromStore_ ? reload() : loadLastGood(); !again) {
    log::error(
        Level::kWarn,
        fmt::format("records of requests do not tell all of their route, service and consumer "
                    "yet: {}",
                    again.error().text()));
  }
  current_ = compiler_.compile(revision());
}

/// The revision below which the node does not go.
store::Revision Control::leastRevision() {
  if (loadedFromStore_ || lastGood_ == nullptr) return revision();
  auto saved = lastGood_->savedRevision();
  return std::max(revision(), saved.ok() ? *saved : 0);
}

/// Everything from the store, entity by entity. On failure the compiled state stays as it was.
/// kConflict where the database is behind this node.
Status Control::reload() {
  const store::Revision least = leastRevision();
  const EntityScreen before = screen_;
  screen_.clear();
  compiler_.beginReload();
  if (lastGood_ != nullptr) lastGood_->beginReplacement();
  auto revision = store_->load([&](store::Entity entity) {
    if (lastGood_ != nullptr) lastGood_->keep(entity);
    take({store::Change::Op::kInsert, std::move(entity.kind), std::move(entity.id),
          std::move(entity.doc)});
  });
  // What else is known of a plugin may still tell what must not be served without it.
  for (store::Unreadable& row : store_->unreadable()) {
    if (row.kind != "plugins") continue;
    if (lastGood_ != nullptr) lastGood_->keep({row.kind, row.id, row.known});
    compiler_.applyUnreadable(
        {store::Change::Op::kInsert, std::move(row.kind), std::move(row.id), std::move(row.known)});
  }
  Status done = revision.ok() ? Status() : Status(revision.error());
  if (done.ok() && *revision < least) {
    done = Error::conflict(fmt::format(
        "the newest revision of the database is {}, that of this node {}", *revision, least));
  }
  compiler_.endReload(done.ok());
  if (!done) {
    screen_ = before;
    if (lastGood_ != nullptr) lastGood_->abandonReplacement();
    return done;
  }
  for (const store::Unreadable& row : store_->unreadable()) screen_.note(row);
  rowsLeftOut_ = !store_->unreadable().empty();
  revision_ = *revision;
  loadedFromStore_ = true;
  copyStale_ = false;
  if (lastGood_ != nullptr) tellIfNotKept(lastGood_->endReplacement(*revision, markOfCopy()));
  return {};
}

/// Hands a change on to the compiler, if this program can read it.
void Control::take(const store::Change& change) {
  if (screen_.admits(change)) {
    compiler_.apply(change);
  } else {
    compiler_.applyUnreadable(change);
  }
}

Status Control::loadLastGood() {
  if (lastGood_ == nullptr) return Error::notFound("none is kept for this kind of store");
  compiler_.clear();
  screen_.clear();
  auto revision = lastGood_->load([&](store::Entity entity) {
    take({store::Change::Op::kInsert, std::move(entity.kind), std::move(entity.id),
          std::move(entity.doc)});
  });
  if (!revision) {
    compiler_.clear();
    screen_.clear();
    return revision.error();
  }
  revision_ = *revision;
  return {};
}

/// Takes the last good configuration for what the store handed out last. kNotFound where a store
/// cannot go on from it.
Status Control::resume() {
  if (lastGood_ == nullptr) return Error::notFound("none is kept for this kind of store");
  auto mark = lastGood_->savedMark();
  if (!mark) return mark.error();
  if (mark->empty()) return Error::notFound("the store has to be read as a whole");
  if (Status kept = loadLastGood(); !kept) {
    log::error(Level::kError, kept.error().text());
    return kept;
  }
  store_->resume(revision(), std::move(*mark));
  loadedFromStore_ = true;
  return {};
}

/// Of the revision that the store handed out last, for a copy that has all of it.
std::string Control::markOfCopy() const { return rowsLeftOut_ ? std::string() : store_->mark(); }

/// Trouble with the node's own copy is told but stops nothing.
void Control::tellIfNotKept(const Status& kept) {
  if (kept) return;
  copyStale_ = true;
  log::error(Level::kError,
             fmt::format("last good configuration not kept: {}", kept.error().text()));
}

void Control::start(std::vector<proxy::WorkerContext*> workers) {
  workers_ = std::move(workers);
  published_ = revision();  // they began with it
  look_ = storeLost_;       // it may only have been slow
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
  if (!thread_.joinable()) return;
  thread_.join();
  presence_.leave(*store_);
}

void Control::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void Control::run() {
  auto nextLook = Clock::now() + options_.pollInterval;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (storeLost_) nextLook = std::min(nextLook, Clock::now() + options_.retryInterval);
    wake_.wait_until(lock, nextWork(nextLook),
                     [&] { return stopping_ || look_ || !tasks_.empty(); });
    std::deque<std::function<void()>> tasks = std::move(tasks_);
    tasks_.clear();
    bool look = std::exchange(look_, false) || Clock::now() >= nextLook;
    lock.unlock();
    if (look) {
      catchUp();
      followListeners();  // what was taken may have become free
      reportProblems();
      nextLook = Clock::now() + options_.pollInterval;
    }
    for (auto& task : tasks) task();
    keepHouse();
    lock.lock();
  }
}

/// When there is something to do, if nobody asks for anything.
Control::Clock::time_point Control::nextWork(Clock::time_point nextLook) const {
  auto next = std::min(nextLook, waiters_.due());
  if (store_->nodes() != nullptr && !storeLost_) next = std::min(next, presence_.due());
  return nextPrune_ > Clock::time_point{} ? std::min(next, nextPrune_) : next;
}

void Control::keepHouse() {
  expireKeys();
  say();
  if (!storeLost_) presence_.beat(*store_);
  waiters_.check(*store_, presence_.node());
  pruneHistory();
  if (copyStale_ && !storeLost_ && Clock::now() >= nextCopy_) {
    nextCopy_ = Clock::now() + kCopyInterval;
    if (reload()) compileAndPublish();
  }
  freeRetired();
}

/// Every node prunes; what one has deleted the others do not find.
void Control::pruneHistory() {
  store::History* history = store_->history();
  if (history == nullptr || Clock::now() < nextPrune_) return;
  nextPrune_ = Clock::now() + kPruneInterval;
  if (!loadedFromStore_ || storeLost_) return;
  auto more = history->prune(options_.history);
  if (!more) {
    log::error(Level::kWarn, fmt::format("history not pruned: {}", more.error().text()));
  } else if (*more) {
    nextPrune_ = Clock::now() + kPruneStepInterval;
  }
}

void Control::catchUp() {
  Status done;
  if (loadedFromStore_) {
    done = follow();
  } else if (done = reload(); done) {
    compileAndPublish();
  }
  settle(done);
}

/// The changes since what runs, page by page; everything where that does not do.
Status Control::follow() {
  bool changed = false;
  Status status;
  while (true) {
    auto page = store_->changesSince(revision());
    if (!page) {
      status = page.error();
      break;
    }
    for (const store::Unreadable& row : store_->unreadable()) screen_.note(row);
    rowsLeftOut_ = rowsLeftOut_ || !store_->unreadable().empty();
    for (const store::Commit& commit : *page) {
      apply(commit, &commit == &page->back() ? markOfCopy() : std::string());
    }
    changed = changed || !page->empty();
    if (!store::Store::isFullPage(*page)) break;
  }
  if (!status && status.error().kind == Error::Kind::kNotFound) {
    log::error(Level::kWarn,
               fmt::format("store: {}: taking everything over anew", status.error().text()));
    status = reload();
    changed = changed || status.ok();
  }
  if (changed || (status.ok() && compiler_.lacksRecords())) compileAndPublish();
  return status;
}

/// Tells, once, how it stands with the store.
void Control::settle(const Status& status) {
  const bool behind = !status && status.error().kind == Error::Kind::kConflict;
  const bool lost = !status && !behind;
  if (behind && !behind_) {
    log::error(Level::kCrit,
               fmt::format("store: the database is behind: {}. It may be a copy that was restored, "
                           "or failed over to. The node keeps its configuration and refuses "
                           "writes; restore what is missing, or POST /revisions/advance to take "
                           "what the database holds as the newest",
                           status.error().text()));
  }
  if (lost && !storeLost_) {
    log::error(Level::kError, fmt::format("store: {}; serving on with revision {}",
                                          status.error().text(), revision()));
  }
  if (status.ok() && (storeLost_ || behind_)) {
    log::error(Level::kNotice, fmt::format("store: answers again, revision {}", revision()));
  }
  storeLost_ = lost;
  if (!lost) behind_ = behind;  // an outage says nothing about it
  Standing now = standing();
  now.behind = behind_;
  now.storeRevision = 0;
  if (behind_) {
    auto newest = store_->revision();
    if (newest) now.storeRevision = *newest;
  }
  note(now);
}

Result<store::Revision> Control::advance(const store::Reason& reason) {
  store::History* history = store_->history();
  if (history == nullptr) return Error::notFound("the store keeps no history");
  store::Revision beyond = leastRevision();
  if (store::NodeRegistry* registry = store_->nodes(); registry != nullptr) {
    auto newest = registry->newestRevision();
    if (!newest) return std::move(newest).error();
    beyond = std::max(beyond, *newest);
  }
  auto advanced = history->advance(beyond, reason);
  if (advanced) catchUp();
  return advanced;
}

/// `mark`: of this revision, if it is known and the copy has all of it.
void Control::apply(const store::Commit& commit, const std::string& mark) {
  for (const store::Change& change : commit.changes) take(change);
  revision_ = commit.revision;
  if (lastGood_ != nullptr) tellIfNotKept(lastGood_->apply(commit, mark));
}

std::variant<store::Commit, store::Refusal> Control::commit(std::vector<store::Change> changes,
                                                            const store::Reason& reason) {
  if (!loadedFromStore_ || behind_) catchUp();
  if (behind_) {
    store::Refusal refusal;
    refusal.message = fmt::format(
        "the database is behind this node, which runs revision {}; restore what is missing, or "
        "POST /revisions/advance to take what the database holds as the newest",
        revision());
    return refusal;
  }
  auto outcome = store_->transact(std::move(changes), reason);
  auto* commit = std::get_if<store::Commit>(&outcome);
  if (commit == nullptr) return outcome;
  if (loadedFromStore_ && commit->follows && commit->revision == revision() + 1) {
    apply(*commit, markOfCopy());
    compileAndPublish();
  } else {
    catchUp();  // others wrote in between
  }
  return outcome;
}

void Control::compileAndPublish() {
  if (current_ != nullptr) retired_.push_back(std::move(current_));
  compile();
  followListeners();
  reportProblems();
  publish();
}

void Control::setListeners(ListenerSet& set) {
  listeners_ = &set;
  listenerChanges_ = compiler_.listenerChanges() - 1;
  followListeners();
  reportProblems();
}

void Control::followListeners() {
  if (listeners_ == nullptr) return;
  uint64_t changes = compiler_.listenerChanges();
  if (std::exchange(listenerChanges_, changes) == changes && !listeners_->incomplete()) return;
  for (auto& [id, problem] : listeners_->follow(compiler_.listeners())) {
    compiler_.setProblem(id, std::move(problem));
  }
}

void Control::publish() {
  if (workers_.empty()) return;
  const store::Revision before = liveRevision();
  auto latch = std::make_shared<Latch>(workers_.size());
  for (proxy::WorkerContext* worker : workers_) {
    worker->loop.post([worker, latch, snapshot = current_]() mutable {
      worker->setSnapshot(std::move(snapshot));
      latch->done();
    });
  }
  overdue_.reset();
  published_ = revision();
  if (!latch->wait(options_.publishLimit)) {
    overdue_ = std::move(latch);
    liveBefore_ = before;
    log::error(Level::kCrit, notLive());
  }
  say();
}

/// What all workers run.
store::Revision Control::liveRevision() {
  if (overdue_ != nullptr && overdue_->left() == 0) overdue_.reset();
  return overdue_ != nullptr ? liveBefore_ : published_;
}

std::string Control::notLive() {
  liveRevision();
  if (overdue_ == nullptr) return "";
  return fmt::format(
      "revision {} is stored, but {} of {} workers did not take it over within {} ms", published_,
      overdue_->left(), workers_.size(), options_.publishLimit.count());
}

/// What the row of this node is to tell.
void Control::say() {
  const store::Revision live = workers_.empty() ? revision() : liveRevision();
  presence_.say(live, behind_ ? store::NodeRecord::kAhead : store::NodeRecord::kRunning);
  std::lock_guard lock(standingMutex_);
  self_ = presence_.node();
  standing_.revision = live;
}

void Control::setNode(store::NodeRecord node) {
  presence_.setNode(std::move(node));
  std::lock_guard lock(standingMutex_);
  self_ = presence_.node();
}

store::NodeRecord Control::self() const {
  std::lock_guard lock(standingMutex_);
  return self_;
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

/// Names what could not be read or compiled, once each.
void Control::reportProblems() {
  const auto changes = std::pair(compiler_.problemChanges(), screen_.changes());
  if (std::exchange(problemChanges_, changes) == changes) {
    const store::Revision live = workers_.empty() ? revision() : liveRevision();
    std::lock_guard lock(standingMutex_);
    standing_.revision = live;
    return;
  }
  std::set<std::string> texts;
  for (std::string& text : screen_.problems()) texts.insert(std::move(text));
  for (const Error& problem : compiler_.problems()) texts.insert(problem.text());
  size_t named = 0, fresh = 0;
  Standing now = standing();
  now.problems.clear();
  for (const std::string& text : texts) {
    if (now.problems.size() < kNamedProblems) now.problems.push_back(text);
    if (reported_.contains(text) || ++fresh > kNamedProblems) continue;
    ++named;
    log::error(Level::kError, fmt::format("left out of revision {}: {}", revision(), text));
  }
  if (fresh > named) {
    log::error(Level::kError,
               fmt::format("left out of revision {}: {} more", revision(), fresh - named));
  }
  now.revision = workers_.empty() ? revision() : liveRevision();
  now.problemCount = texts.size();
  note(now);
  reported_ = std::move(texts);
}

Control::Standing Control::standing() const {
  std::lock_guard lock(standingMutex_);
  return standing_;
}

void Control::note(const Standing& standing) {
  std::lock_guard lock(standingMutex_);
  standing_ = standing;
}

}  // namespace tollgate::server
