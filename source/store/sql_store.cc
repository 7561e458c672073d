#include "source/store/sql_store.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "source/store/sql_list.h"
#include "source/store/sql_work.h"

namespace tollgate::store {
namespace {

/// From this many changes on, statements of many rows pay.
constexpr size_t kFewChanges = 8;
/// A node that is further behind reads everything anew, as at its start, rather than hold the
/// history of a large import in memory beside what it makes of it.
constexpr size_t kMaxCatchUp = 50000;

Result<Json> parseDoc(const std::string& text) {
  Json doc = Json::parse(text, nullptr, false);
  if (doc.is_discarded()) return Error::internal("a stored document is not JSON");
  return doc;
}

Revision toRevision(const SqlValue& text) {
  Revision revision = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), revision);
  return revision;
}

}  // namespace

SqlStore::SqlStore(std::string name, std::unique_ptr<SqlConnection> connection, KeyExtractor keys)
    : name_(std::move(name)), connection_(std::move(connection)), keys_(std::move(keys)) {}

Status SqlStore::note(Status status) {
  bool lost = !status.ok() && status.error().kind == Error::Kind::kUnavailable;
  reachable_.store(!lost, std::memory_order_relaxed);
  return status;
}

Result<std::optional<std::string>> SqlStore::one(std::string_view sql,
                                                 const std::vector<SqlValue>& parameters) {
  std::optional<std::string> value;
  Status status = note(connection_->query(sql, parameters, [&](const SqlRow& row) {
    if (!value && row[0]) value = *row[0];
  }));
  if (!status) return std::move(status).error();
  return value;
}

Result<Revision> SqlStore::revision() {
  auto value = one("SELECT CAST(COALESCE(MAX(revision), 0) AS TEXT) FROM revisions", {});
  if (!value) return std::move(value).error();
  return toRevision(*value);
}

Result<Revision> SqlStore::load(const std::function<void(Entity)>& each) {
  // One statement, so that the revision and the entities are of one moment.
  Revision revision = 0;
  std::string broken;
  Status status = note(connection_->query(
      "SELECT CAST(COALESCE(r.revision, 0) AS TEXT), e.kind, e.id, e.doc"
      " FROM (SELECT MAX(revision) AS revision FROM revisions) r LEFT JOIN entities e ON 1 = 1",
      {}, [&](const SqlRow& row) {
        revision = toRevision(row[0]);
        if (!row[1]) return;  // no entity at all
        auto doc = parseDoc(row[3].value_or(""));
        if (doc.ok()) {
          each(Entity{*row[1], row[2].value_or(""), std::move(doc).value()});
        } else if (broken.empty()) {
          broken = *row[1] + "/" + row[2].value_or("");
        }
      }));
  if (!status) return std::move(status).error();
  if (!broken.empty()) {
    return Error::internal("the stored document " + broken +
                           " is not JSON; repair or delete its row");
  }
  return revision;
}

Result<std::vector<Commit>> SqlStore::changesSince(Revision since) {
  auto oldest = one("SELECT CAST(MIN(revision) AS TEXT) FROM revisions", {});
  if (!oldest) return std::move(oldest).error();
  if (*oldest && toRevision(*oldest) > since + 1) {
    return Error::notFound("the history begins at revision " + **oldest);
  }
  auto more =
      one("SELECT CAST(revision AS TEXT) FROM changes WHERE revision > CAST($1 AS BIGINT)"
          " ORDER BY revision, seq LIMIT 1 OFFSET " +
              std::to_string(kMaxCatchUp),
          {std::to_string(since)});
  if (!more) return std::move(more).error();
  if (*more) {
    return Error::notFound("more than " + std::to_string(kMaxCatchUp) + " changes since revision " +
                           std::to_string(since));
  }
  std::vector<Commit> commits;
  Status status = note(connection_->query(
      "SELECT CAST(revision AS TEXT), kind, id, before, after FROM changes WHERE revision > "
      "CAST($1 AS BIGINT) ORDER BY revision, seq",
      {std::to_string(since)}, [&](const SqlRow& row) {
        Revision revision = toRevision(row[0]);
        if (commits.empty() || commits.back().revision != revision) {
          commits.emplace_back().revision = revision;
        }
        Change change;
        change.op = !row[4]  ? Change::Op::kDelete
                    : row[3] ? Change::Op::kReplace
                             : Change::Op::kInsert;
        change.kind = row[1].value_or("");
        change.id = row[2].value_or("");
        if (row[4]) change.doc = Json::parse(*row[4], nullptr, false);
        commits.back().changes.push_back(std::move(change));
      }));
  if (!status) return std::move(status).error();
  return commits;
}

std::variant<Commit, Refusal> SqlStore::transact(std::vector<Change> changes,
                                                 const Reason& reason) {
  Work work;
  auto unavailable = [&](const Error& error) {
    Refusal out;
    out.kind = Refusal::Kind::kUnavailable;
    out.message = error.text();
    return out;
  };
  Status status = note(connection_->beginWrite());
  if (!status) return unavailable(status.error());
  if (changes.size() >= kFewChanges) {
    status = applyBatch(work, changes);
  } else {
    for (const Change& change : changes) {
      status = apply(work, change);
      if (!status) break;
    }
  }
  if (status.ok()) status = note(begin(work, reason));
  if (status.ok()) status = note(record(work));
  if (status.ok()) status = note(connection_->commit());
  if (status.ok()) return std::move(work.commit);
  connection_->rollback();
  if (work.refusal) return std::move(*work.refusal);
  return unavailable(status.error());
}

Status SqlStore::apply(Work& work, const Change& change) {
  if (change.op != Change::Op::kDelete) return put(work, change);
  auto doc = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2", {change.kind, change.id});
  if (!doc) return std::move(doc).error();
  if (!*doc) {
    return work.refuse(Refusal::Kind::kNotFound, change.kind, "id", Json{{"id", change.id}});
  }
  return remove(work, change.kind, change.id);
}

Status SqlStore::put(Work& work, const Change& change) {
  auto old = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2", {change.kind, change.id});
  if (!old) return std::move(old).error();
  if (*old && change.op == Change::Op::kInsert) {
    return work.refuse(Refusal::Kind::kPrimaryKey, change.kind, "id", Json{{"id", change.id}});
  }
  auto unique = keys_.uniqueKeys(change.kind, change.doc);
  auto foreign = keys_.foreignKeys(change.kind, change.doc);
  if (Status status = checkKeys(work, change, unique, foreign); !status) return status;
  Status status = connection_->execute(
      "INSERT INTO entities (kind, id, doc) VALUES ($1, $2, $3)"
      " ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc",
      {change.kind, change.id, nullable(change.doc)});
  if (status.ok() && *old) status = forgetKeys(change);
  if (status.ok()) status = writeKeys(change, unique, foreign);
  if (!status) return status;
  Json before;
  if (*old) before = Json::parse(**old, nullptr, false);
  work.before.push_back(std::move(before));
  work.commit.changes.push_back(change);
  work.commit.changes.back().op = *old ? Change::Op::kReplace : Change::Op::kInsert;
  return {};
}

Status SqlStore::checkKeys(Work& work, const Change& change,
                           const std::vector<schema::UniqueKey>& unique,
                           const std::vector<schema::ForeignKey>& foreign) {
  for (const auto& key : unique) {
    auto owner = one("SELECT id FROM unique_keys WHERE kind = $1 AND field = $2 AND value = $3",
                     {change.kind, key.field, key.value});
    if (!owner) return std::move(owner).error();
    if (*owner && **owner != change.id) {
      return work.refuse(Refusal::Kind::kUnique, change.kind, key.field, key.fields);
    }
  }
  for (const auto& key : foreign) {
    auto target =
        one("SELECT id FROM entities WHERE kind = $1 AND id = $2", {key.targetKind, key.targetId});
    if (!target) return std::move(target).error();
    if (!*target) {
      return work.refuse(Refusal::Kind::kForeignMissing, change.kind, key.field,
                         Json{{key.field, Json{{"id", key.targetId}}}}, key.targetKind);
    }
  }
  return {};
}

Status SqlStore::forgetKeys(const Change& change) {
  Status status;
  for (const char* table : {"unique_keys", "foreign_keys", "tags"}) {
    if (!status) break;
    status =
        connection_->execute(std::string("DELETE FROM ") + table + " WHERE kind = $1 AND id = $2",
                             {change.kind, change.id});
  }
  return status;
}

Status SqlStore::writeKeys(const Change& change, const std::vector<schema::UniqueKey>& unique,
                           const std::vector<schema::ForeignKey>& foreign) {
  for (const auto& key : unique) {
    Status status = connection_->execute(
        "INSERT INTO unique_keys (kind, field, value, id) VALUES ($1, $2, $3, $4)",
        {change.kind, key.field, key.value, change.id});
    if (!status) return status;
  }
  for (const auto& key : foreign) {
    bool cascade = key.onDelete == schema::ForeignKey::OnDelete::kCascade;
    Status status = connection_->execute(
        "INSERT INTO foreign_keys (kind, id, field, target_kind, target_id, on_delete)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        {change.kind, change.id, key.field, key.targetKind, key.targetId,
         cascade ? "cascade" : "restrict"});
    if (!status) return status;
  }
  auto tags = change.doc.find("tags");
  if (tags == change.doc.end() || !tags->is_array()) return {};
  for (const Json& tag : *tags) {
    if (!tag.is_string()) continue;
    Status status = connection_->execute(
        "INSERT INTO tags (kind, id, tag) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        {change.kind, change.id, tag.get<std::string>()});
    if (!status) return status;
  }
  return {};
}

Status SqlStore::remove(Work& work, const std::string& kind, const std::string& id) {
  struct Referrer {
    std::string kind, id, field;
    bool cascade;
  };
  std::vector<Referrer> referrers;
  Status status = connection_->query(
      "SELECT kind, id, field, on_delete FROM foreign_keys WHERE target_kind = $1 AND target_id = "
      "$2"
      " ORDER BY on_delete DESC, kind, id",
      {kind, id}, [&](const SqlRow& row) {
        referrers.push_back({*row[0], *row[1], *row[2], *row[3] == "cascade"});
      });
  if (!status) return status;
  for (const Referrer& referrer : referrers) {
    if (!referrer.cascade) {
      return work.refuse(Refusal::Kind::kReferenced, kind, referrer.field,
                         Json{{"@referenced_by", referrer.kind}}, referrer.kind);
    }
    auto still =
        one("SELECT id FROM entities WHERE kind = $1 AND id = $2", {referrer.kind, referrer.id});
    if (!still) return std::move(still).error();
    if (!*still) continue;  // it referred twice
    if (status = remove(work, referrer.kind, referrer.id); !status) return status;
  }
  auto old = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2", {kind, id});
  if (!old) return std::move(old).error();
  status = connection_->execute("DELETE FROM entities WHERE kind = $1 AND id = $2", {kind, id});
  if (!status) return status;
  work.before.push_back(*old ? Json::parse(**old, nullptr, false) : Json());
  work.commit.changes.push_back({Change::Op::kDelete, kind, id, nullptr});
  return {};
}

/// Numbers the revision; its changes follow.
Status SqlStore::begin(Work& work, const Reason& reason) {
  auto last = one("SELECT CAST(COALESCE(MAX(revision), 0) AS TEXT) FROM revisions", {});
  if (!last) return std::move(last).error();
  work.commit.revision = toRevision(*last) + 1;
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  return connection_->execute(
      "INSERT INTO revisions (revision, at, actor, reason) VALUES (CAST($1 AS BIGINT), $2, $3, $4)",
      {std::to_string(work.commit.revision), std::to_string(millis), reason.actor, reason.text});
}

/// The history of the changes that are not yet in it.
Status SqlStore::record(Work& work) {
  MultiRow rows(*connection_, "INSERT INTO changes (revision, seq, kind, id, before, after) VALUES",
                "(CAST(? AS BIGINT), CAST(? AS BIGINT), ?, ?, ?, ?)", "");
  std::string revision = std::to_string(work.commit.revision);
  for (size_t i = 0; i < work.commit.changes.size(); ++i) {
    const Change& change = work.commit.changes[i];
    rows.add({revision, std::to_string(work.recorded++), change.kind, change.id,
              nullable(work.before[i]), nullable(change.doc)});
  }
  return rows.run();
}

Result<std::optional<Json>> SqlStore::get(std::string_view kind, std::string_view id) {
  auto text = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2",
                  {std::string(kind), std::string(id)});
  if (!text) return std::move(text).error();
  if (!*text) return std::optional<Json>();
  auto doc = parseDoc(**text);
  if (!doc) return std::move(doc).error();
  return std::optional<Json>(std::move(doc).value());
}

Result<std::optional<Json>> SqlStore::getByUnique(std::string_view kind, std::string_view field,
                                                  std::string_view value) {
  auto id = one("SELECT id FROM unique_keys WHERE kind = $1 AND field = $2 AND value = $3",
                {std::string(kind), std::string(field), std::string(value)});
  if (!id) return std::move(id).error();
  if (!*id) return std::optional<Json>();
  return get(kind, **id);
}

Result<std::string> SqlStore::claimFact(std::string_view name, std::string_view value,
                                        std::string_view replaced) {
  Status status = note(connection_->execute(
      "INSERT INTO facts (name, value) VALUES ($1, $2)"
      " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE facts.value = $3",
      {std::string(name), std::string(value), std::string(replaced)}));
  if (!status) return std::move(status).error();
  return fact(name);
}

Result<std::string> SqlStore::fact(std::string_view name) {
  auto value = one("SELECT value FROM facts WHERE name = $1", {std::string(name)});
  if (!value) return std::move(value).error();
  return value->value_or("");
}

Result<std::vector<Json>> SqlStore::list(std::string_view kind, const ListQuery& query) {
  const ListStatement statement = listStatement(kind, query);
  std::vector<Json> docs;
  Status status =
      note(connection_->query(statement.sql, statement.parameters, [&](const SqlRow& row) {
        auto doc = parseDoc(row[0].value_or(""));
        if (doc.ok()) docs.push_back(std::move(doc).value());
      }));
  if (!status) return std::move(status).error();
  return docs;
}

}  // namespace tollgate::store
