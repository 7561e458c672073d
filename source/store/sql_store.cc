#include "source/store/sql_store.h"

#include <algorithm>

#include "source/store/sql_list.h"
#include "source/store/sql_numbers.h"
#include "source/store/sql_work.h"
#include "source/store/stored_json.h"

namespace tollgate::store {
namespace {

/// From this many changes on, statements of many rows pay.
constexpr size_t kFewChanges = 8;

Error behind(Revision newest, Revision known) {
  return Error::unavailable("the database is behind this node: its newest revision is " +
                            std::to_string(newest) + ", the node runs " + std::to_string(known) +
                            "; restore the missing revisions, or POST /revisions/advance to take "
                            "what the database holds as the newest");
}

}  // namespace

SqlStore::SqlStore(std::string name, std::unique_ptr<SqlConnection> connection, KeyExtractor keys)
    : name_(std::move(name)),
      connection_(std::move(connection)),
      keys_(std::move(keys)),
      history_(*connection_, [this](Status status) { return note(std::move(status)); }),
      registry_(*connection_, [this](Status status) { return note(std::move(status)); }) {}

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

std::variant<Commit, Refusal> SqlStore::transact(std::vector<Change> changes,
                                                 const Reason& reason) {
  Work work;
  auto unavailable = [&](const Error& error) {
    writable_ = false;
    Refusal out;
    out.kind = Refusal::Kind::kUnavailable;
    out.message = error.text();
    return out;
  };
  Status status = note(connection_->beginWrite());
  if (!status) return unavailable(status.error());
  status = note(findNext(work));
  if (status.ok() && changes.size() >= kFewChanges) {
    status = applyBatch(work, changes);
  } else {
    for (size_t i = 0; status.ok() && i < changes.size(); ++i) status = apply(work, changes[i]);
  }
  if (status.ok()) status = note(begin(work, reason));
  if (status.ok()) status = note(record(work));
  if (status.ok()) status = commit(work);
  if (status.ok()) {
    writable_ = true;
    if (work.commit.follows) known_ = {work.commit.revision, work.token};
    return std::move(work.commit);
  }
  connection_->rollback();
  if (work.refusal) return std::move(*work.refusal);
  return unavailable(status.error());
}

/// The number of the revision under way. Refused where the database is behind what was handed out:
/// the write would be lost among revisions that others already run.
Status SqlStore::findNext(Work& work) {
  Position last;
  Status status = connection_->query(
      // Qualified: the bare name would sort by the text of the result.
      "SELECT CAST(r.revision AS TEXT), r.token FROM revisions r ORDER BY r.revision DESC LIMIT 1",
      {}, [&](const SqlRow& row) {
        last = {numberOf<Revision>(row[0]), row[1].value_or("")};
      });
  if (!status) return status;
  if (last.revision < known_.revision) return behind(last.revision, known_.revision);
  work.commit.revision = last.revision + 1;
  work.commit.follows = last.revision == known_.revision && last.token == known_.token;
  work.token = SqlHistory::newToken();
  return {};
}

Status SqlStore::checkExpected(Work& work, const Change& change,
                               const std::optional<std::string>& old) {
  if (!change.expected) return {};
  const bool same = old ? parseStored(*old) == *change.expected : change.expected->is_null();
  if (same) return {};
  return work.refuse(Refusal::Kind::kChanged, change.kind, "id", Json{{"id", change.id}});
}

Status SqlStore::apply(Work& work, const Change& change) {
  if (change.op != Change::Op::kDelete) return put(work, change);
  auto doc = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2", {change.kind, change.id});
  if (!doc) return std::move(doc).error();
  if (!*doc) {
    return work.refuse(Refusal::Kind::kNotFound, change.kind, "id", Json{{"id", change.id}});
  }
  if (Status status = checkExpected(work, change, *doc); !status) return status;
  return remove(work, change.kind, change.id, change.exact);
}

Status SqlStore::put(Work& work, const Change& change) {
  auto old = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2", {change.kind, change.id});
  if (!old) return std::move(old).error();
  if (*old && change.op == Change::Op::kInsert) {
    return work.refuse(Refusal::Kind::kPrimaryKey, change.kind, "id", Json{{"id", change.id}});
  }
  if (Status status = checkExpected(work, change, *old); !status) return status;
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
  if (*old) before = parseStored(**old);
  work.before.push_back(std::move(before));
  work.commit.changes.push_back(change);
  work.commit.changes.back().op = *old ? Change::Op::kReplace : Change::Op::kInsert;
  work.commit.changes.back().expected.reset();
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
  MultiRow rows(*connection_, "INSERT INTO tags (kind, id, tag) VALUES", "(?, ?, ?)",
                " ON CONFLICT DO NOTHING");
  for (const Json& tag : *tags) {
    if (tag.is_string()) rows.add({change.kind, change.id, tag.get<std::string>()});
  }
  return rows.run();
}

Status SqlStore::remove(Work& work, const std::string& kind, const std::string& id, bool exact) {
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
    if (!referrer.cascade || exact) {
      return work.refuse(Refusal::Kind::kReferenced, kind, referrer.field,
                         Json{{"@referenced_by", referrer.kind}}, referrer.kind);
    }
    auto still =
        one("SELECT id FROM entities WHERE kind = $1 AND id = $2", {referrer.kind, referrer.id});
    if (!still) return std::move(still).error();
    if (!*still) continue;  // it referred twice
    if (status = remove(work, referrer.kind, referrer.id, exact); !status) return status;
  }
  auto old = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2", {kind, id});
  if (!old) return std::move(old).error();
  status = connection_->execute("DELETE FROM entities WHERE kind = $1 AND id = $2", {kind, id});
  if (!status) return status;
  work.before.push_back(*old ? parseStored(**old) : Json());
  work.commit.changes.push_back({Change::Op::kDelete, kind, id, nullptr});
  return {};
}

/// The revision of findNext(); its changes follow.
Status SqlStore::begin(Work& work, const Reason& reason) {
  return SqlHistory::writeRevision(*connection_, work.commit.revision, reason, work.token);
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

/// Where the answer was lost, the revision's token tells whether it is ours that is there.
Status SqlStore::commit(const Work& work) {
  Status status = note(connection_->commit());
  if (!status || !connection_->settled()) return status;
  auto token = one("SELECT token FROM revisions WHERE revision = CAST($1 AS BIGINT)",
                   {std::to_string(work.commit.revision)});
  if (token && *token == work.token) return {};
  if (!token) return Error::unavailable(token.error().message + SqlConnection::kOutcomeUnknown);
  return Error::unavailable("the server restarted before the commit (nothing was written)");
}

Result<std::optional<Json>> SqlStore::get(std::string_view kind, std::string_view id) {
  auto text = one("SELECT doc FROM entities WHERE kind = $1 AND id = $2",
                  {std::string(kind), std::string(id)});
  if (!text) return std::move(text).error();
  if (!*text) return std::optional<Json>();
  Json doc = parseStored(**text);
  if (!doc.is_object()) return unreadableRow(kind, id);
  return std::optional<Json>(std::move(doc));
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
        Json doc = parseColumn(row[0]);
        if (!doc.is_object()) doc = {{"id", row[1].value_or("")}, {kUnreadableMember, kNotJson}};
        docs.push_back(std::move(doc));
      }));
  if (!status) return std::move(status).error();
  return docs;
}

}  // namespace tollgate::store
