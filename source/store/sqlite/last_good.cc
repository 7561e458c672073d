#include "source/store/sqlite/last_good.h"

#include <charconv>
#include <cstdio>

#include "source/store/sqlite/sqlite_connection.h"
#include "source/store/stored_json.h"

namespace tollgate::store {
namespace {

constexpr const char* kPreparations[] = {
    "PRAGMA synchronous = NORMAL",  // a power cut may cost the last commits, never the file
    ("CREATE TABLE IF NOT EXISTS entities (kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,"
     " PRIMARY KEY (kind, id))"),
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
};

}  // namespace

LastGood::LastGood(std::string path, std::string identity, std::shared_ptr<Protector> protector,
                   std::string conditions)
    : path_(std::move(path)),
      identity_(std::move(identity)),
      conditions_(std::move(conditions)),
      protector_(std::move(protector)) {}

LastGood::~LastGood() = default;

Result<std::unique_ptr<LastGood>> LastGood::open(const std::string& path, std::string identity,
                                                 std::shared_ptr<Protector> protector,
                                                 std::string conditions) {
  std::unique_ptr<LastGood> copy(
      new LastGood(path, std::move(identity), std::move(protector), std::move(conditions)));
  if (Status status = copy->begin(); !status) return std::move(status).error();
  return copy;
}

Status LastGood::begin() {
  Status status = openFile();
  if (status.ok()) {
    std::string verdict;
    status = connection_->query("PRAGMA quick_check(1)", {},
                                [&](const SqlRow& row) { verdict = row[0].value_or(""); });
    if (status.ok() && verdict == "ok") return {};
    if (status.ok()) return startAfresh(verdict);
  }
  if (connection_->damaged()) return startAfresh(status.error().text());
  return status;
}

Status LastGood::openFile() {
  connection_ = std::make_unique<SqliteConnection>(path_);
  Status status = connection_->open();
  for (const char* sql : kPreparations) {
    if (status.ok()) status = connection_->execute(sql);
  }
  return status;
}

Status LastGood::startAfresh(const std::string& cause) {
  connection_.reset();
  std::string aside = path_ + ".damaged";
  for (const char* suffix : {"-wal", "-shm"}) std::remove((path_ + suffix).c_str());
  if (std::rename(path_.c_str(), aside.c_str()) != 0) std::remove(path_.c_str());
  notice_ = "the copy of the last good configuration " + path_ + " is damaged (" + cause +
            "); it was moved to " + aside + " and a new one begun";
  return openFile();
}

/// Commits what went well; else takes it back, and begins a new file if this one is damaged.
Status LastGood::settle(Status status) {
  if (status.ok()) status = connection_->commit();
  if (status.ok()) return status;
  const bool damaged = connection_->damaged();
  connection_->rollback();
  if (!damaged) return status;
  if (Status fresh = startAfresh(status.error().text()); !fresh) return fresh;
  return Error{status.error().kind, notice_, {}};
}

Status LastGood::put(const std::string& kind, const std::string& id, Json doc) {
  if (protector_ != nullptr) {
    if (Status status = protector_->protectCopy(kind, doc); !status) return status;
  }
  return connection_->execute(
      "INSERT INTO entities (kind, id, doc) VALUES ($1, $2, $3)"
      " ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc",
      {kind, id, doc.dump(-1, ' ', false, Json::error_handler_t::replace)});
}

Status LastGood::setMeta(const char* key, const std::string& value) {
  return connection_->execute(
      "INSERT INTO meta (key, value) VALUES ($1, $2)"
      " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      {key, value});
}

Status LastGood::finish(Revision revision, const std::string& mark) {
  Status status = setMeta("identity", identity_);
  if (status.ok()) status = setMeta("conditions", conditions_);
  if (status.ok()) status = setMeta("mark", mark);
  return status.ok() ? setMeta("revision", std::to_string(revision)) : status;
}

void LastGood::beginReplacement() {
  replacement_ = connection_->beginWrite();
  if (replacement_.ok()) replacement_ = connection_->execute("DELETE FROM entities");
}

void LastGood::keep(const Entity& entity) {
  if (replacement_.ok()) replacement_ = put(entity.kind, entity.id, entity.doc);
}

Status LastGood::endReplacement(Revision revision, const std::string& mark) {
  if (replacement_.ok()) replacement_ = finish(revision, mark);
  replacement_ = settle(std::move(replacement_));
  return replacement_;
}

void LastGood::abandonReplacement() { connection_->rollback(); }

Status LastGood::apply(const Commit& commit, const std::string& mark) {
  Status status = connection_->beginWrite();
  if (status.ok()) status = write(commit, mark);
  return settle(std::move(status));
}

Status LastGood::write(const Commit& commit, const std::string& mark) {
  auto saved = savedRevision();
  if (!saved && saved.error().kind != Error::Kind::kNotFound) return std::move(saved).error();
  if (saved.ok() && commit.revision <= *saved) return {};
  if (!saved || commit.revision != *saved + 1) {
    return Error::conflict("the copy " + path_ + " is not at the revision before " +
                           std::to_string(commit.revision) + "; it has to be replaced");
  }
  Status status;
  for (size_t i = 0; status.ok() && i < commit.changes.size(); ++i) {
    const Change& change = commit.changes[i];
    status = change.op == Change::Op::kDelete
                 ? connection_->execute("DELETE FROM entities WHERE kind = $1 AND id = $2",
                                        {change.kind, change.id})
                 : put(change.kind, change.id, change.doc);
  }
  // What was made under other conditions stays what it is.
  if (status.ok()) status = setMeta("mark", mark);
  if (status.ok()) status = setMeta("revision", std::to_string(commit.revision));
  return status;
}

Result<std::map<std::string, std::string>> LastGood::meta() {
  std::map<std::string, std::string> out;
  Status status = connection_->query("SELECT key, value FROM meta", {}, [&](const SqlRow& row) {
    out[row[0].value_or("")] = row[1].value_or("");
  });
  if (!status) return std::move(status).error();
  return out;
}

Result<std::string> LastGood::savedMark() {
  auto saved = savedRevision();
  if (!saved && saved.error().kind == Error::Kind::kNotFound) return std::string();
  if (!saved) return std::move(saved).error();
  auto known = meta();
  if (!known) return std::move(known).error();
  return (*known)["conditions"] == conditions_ ? (*known)["mark"] : std::string();
}

Result<Revision> LastGood::savedRevision() {
  auto known = meta();
  if (!known) return std::move(known).error();
  const std::string &identity = (*known)["identity"], &text = (*known)["revision"];
  Revision revision = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error::notFound("no configuration has been saved in " + path_ + " yet");
  }
  if (identity != identity_) {
    return Error::notFound("the configuration saved in " + path_ + " is of another database (" +
                           identity + ")");
  }
  return revision;
}

Result<Revision> LastGood::load(const std::function<void(Entity)>& each) {
  auto damaged = [&](const std::string& cause) {
    Status fresh = startAfresh(cause);
    return fresh.ok() ? Error::notFound(notice_) : fresh.error();
  };
  auto revision = savedRevision();
  if (!revision) {
    return connection_->damaged() ? damaged(revision.error().text()) : revision.error();
  }
  std::string broken;
  Status status =
      connection_->query("SELECT kind, id, doc FROM entities", {}, [&](const SqlRow& row) {
        if (!broken.empty()) return;
        Entity entity{row[0].value_or(""), row[1].value_or(""), parseColumn(row[2])};
        if (entity.doc.is_discarded()) {
          broken = entity.kind + "/" + entity.id;
          return;
        }
        if (protector_ != nullptr) protector_->open(entity.kind, entity.doc);
        each(std::move(entity));
      });
  if (!status) return connection_->damaged() ? damaged(status.error().text()) : status.error();
  if (!broken.empty()) return damaged("the document " + broken + " is not JSON");
  return revision;
}

}  // namespace tollgate::store
