#include <algorithm>
#include <map>
#include <set>

#include "source/store/sql_work.h"
#include "source/store/stored_json.h"

/// The transactions of many changes: the same rules as for one, in statements of many rows.
namespace tollgate::store {
namespace {

constexpr size_t kRowsAtOnce = 64;
/// How many changes are checked and written together.
constexpr size_t kChangesAtOnce = 512;

using Name = std::pair<std::string, std::string>;  ///< Kind and id.

}  // namespace

Status MultiRow::run(const std::function<void(const SqlRow&)>& each) {
  for (size_t first = 0; first < rows_.size();) {
    size_t count = kRowsAtOnce;
    while (count > rows_.size() - first) count /= 2;
    std::string sql = before_;
    std::vector<SqlValue> parameters;
    for (size_t i = first; i < first + count; ++i) {
      sql += i == first ? " " : ", ";
      size_t value = 0;
      for (char c : row_) {
        if (c != '?') {
          sql += c;
          continue;
        }
        parameters.push_back(std::move(rows_[i][value++]));
        sql += '$' + std::to_string(parameters.size());
      }
    }
    sql += after_;
    if (Status status = connection_.query(sql, parameters, each); !status) return status;
    first += count;
  }
  rows_.clear();
  return {};
}

/// Changes that write, of which each entity has only one.
struct SqlStore::Batch {
  struct Item {
    const Change* change;
    std::optional<std::string> old;
    std::vector<schema::UniqueKey> unique;
    std::vector<schema::ForeignKey> foreign;
  };
  std::vector<Item> items;
  std::map<Name, size_t> byName;
};

Status SqlStore::applyBatch(Work& work, const std::vector<Change>& changes) {
  const Change* end = changes.data() + changes.size();
  for (const Change* at = changes.data(); at != end;) {
    if (at->op == Change::Op::kDelete) {
      if (Status status = apply(work, *at++); !status) return status;
      continue;
    }
    const Change* last = at;
    std::set<Name> names;
    while (last != end && last->op != Change::Op::kDelete && names.size() < kChangesAtOnce &&
           names.emplace(last->kind, last->id).second) {
      ++last;
    }
    if (Status status = putBatch(work, at, last); !status) return status;
    at = last;
  }
  return {};
}

Status SqlStore::putBatch(Work& work, const Change* first, const Change* last) {
  Batch batch;
  std::map<std::string, std::vector<std::string>> ids;
  for (const Change* change = first; change != last; ++change) {
    batch.byName[{change->kind, change->id}] = batch.items.size();
    ids[change->kind].push_back(change->id);
    batch.items.push_back({change,
                           {},
                           keys_.uniqueKeys(change->kind, change->doc),
                           keys_.foreignKeys(change->kind, change->doc)});
  }
  for (const auto& [kind, list] : ids) {
    Status status = readDocs(kind, list, [&](const std::string& id, std::string doc) {
      batch.items[batch.byName[{kind, id}]].old = std::move(doc);
    });
    if (!status) return status;
  }
  if (Status status = checkBatch(work, batch); !status) return status;
  return writeBatch(work, batch);
}

Status SqlStore::checkBatch(Work& work, Batch& batch) {
  MultiRow owners(*connection_, "SELECT k.kind, k.field, k.value, k.id FROM (VALUES", "(?, ?, ?)",
                  ") AS v CROSS JOIN unique_keys k WHERE k.kind = v.column1 AND k.field = v.column2"
                  " AND k.value = v.column3");
  MultiRow targets(*connection_, "SELECT e.kind, e.id FROM (VALUES", "(?, ?)",
                   ") AS v CROSS JOIN entities e WHERE e.kind = v.column1 AND e.id = v.column2");
  std::set<Name> wanted;
  for (const Batch::Item& item : batch.items) {
    for (const auto& key : item.unique) owners.add({item.change->kind, key.field, key.value});
    for (const auto& key : item.foreign) {
      Name target{key.targetKind, key.targetId};
      if (batch.byName.contains(target) || !wanted.insert(target).second) continue;
      targets.add({key.targetKind, key.targetId});
    }
  }
  // Who holds a key once the batch is written: not those of the batch, which give theirs up first.
  std::map<std::vector<std::string>, std::string> holders;
  Status status = owners.run([&](const SqlRow& row) {
    if (!batch.byName.contains({*row[0], *row[3]})) holders[{*row[0], *row[1], *row[2]}] = *row[3];
  });
  std::set<Name> present;
  if (status.ok()) {
    status = targets.run([&](const SqlRow& row) { present.emplace(*row[0], *row[1]); });
  }
  if (!status) return status;
  size_t position = 0;
  for (const Batch::Item& item : batch.items) {
    const Change& change = *item.change;
    if (item.old && change.op == Change::Op::kInsert) {
      return work.refuse(Refusal::Kind::kPrimaryKey, change.kind, "id", Json{{"id", change.id}});
    }
    if (Status same = checkExpected(work, change, item.old); !same) return same;
    for (const auto& key : item.unique) {
      if (!holders.emplace(std::vector<std::string>{change.kind, key.field, key.value}, change.id)
               .second) {
        return work.refuse(Refusal::Kind::kUnique, change.kind, key.field, key.fields);
      }
    }
    for (const auto& key : item.foreign) {
      Name target{key.targetKind, key.targetId};
      auto within = batch.byName.find(target);
      bool there = within != batch.byName.end()
                       ? within->second < position || batch.items[within->second].old.has_value()
                       : present.contains(target);
      if (there) continue;
      return work.refuse(Refusal::Kind::kForeignMissing, change.kind, key.field,
                         Json{{key.field, Json{{"id", key.targetId}}}}, key.targetKind);
    }
    ++position;
  }
  return {};
}

Status SqlStore::writeBatch(Work& work, Batch& batch) {
  MultiRow entities(*connection_, "INSERT INTO entities (kind, id, doc) VALUES", "(?, ?, ?)",
                    " ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc");
  MultiRow unique(*connection_, "INSERT INTO unique_keys (kind, field, value, id) VALUES",
                  "(?, ?, ?, ?)", "");
  MultiRow foreign(*connection_,
                   "INSERT INTO foreign_keys (kind, id, field, target_kind, target_id, on_delete)"
                   " VALUES",
                   "(?, ?, ?, ?, ?, ?)", "");
  MultiRow tags(*connection_, "INSERT INTO tags (kind, id, tag) VALUES", "(?, ?, ?)",
                " ON CONFLICT DO NOTHING");
  for (Batch::Item& item : batch.items) {
    const Change& change = *item.change;
    if (item.old) {
      if (Status status = forgetKeys(change); !status) return status;
    }
    entities.add({change.kind, change.id, nullable(change.doc)});
    for (const auto& key : item.unique) unique.add({change.kind, key.field, key.value, change.id});
    for (const auto& key : item.foreign) {
      bool cascade = key.onDelete == schema::ForeignKey::OnDelete::kCascade;
      foreign.add({change.kind, change.id, key.field, key.targetKind, key.targetId,
                   cascade ? "cascade" : "restrict"});
    }
    std::set<std::string> seen;
    auto list = change.doc.find("tags");
    bool tagged = list != change.doc.end() && list->is_array();
    for (size_t i = 0; tagged && i < list->size(); ++i) {
      const Json& tag = (*list)[i];
      if (!tag.is_string() || !seen.insert(tag.get<std::string>()).second) continue;
      tags.add({change.kind, change.id, tag.get<std::string>()});
    }
    work.before.push_back(item.old ? parseStored(*item.old) : Json());
    work.commit.changes.push_back(change);
    work.commit.changes.back().op = item.old ? Change::Op::kReplace : Change::Op::kInsert;
    work.commit.changes.back().expected.reset();
  }
  for (MultiRow* rows : {&entities, &unique, &foreign, &tags}) {
    if (Status status = rows->run(); !status) return status;
  }
  return {};
}

Status SqlStore::readDocs(const std::string& kind, const std::vector<std::string>& ids,
                          const std::function<void(const std::string&, std::string)>& each) {
  // The order of a CROSS JOIN keeps SQLite from reading the whole table.
  MultiRow rows(*connection_, "SELECT e.kind, e.id, e.doc FROM (VALUES", "(?, ?)",
                ") AS v CROSS JOIN entities e WHERE e.kind = v.column1 AND e.id = v.column2");
  for (const std::string& id : ids) rows.add({kind, id});
  return note(rows.run([&](const SqlRow& row) { each(*row[1], row[2].value_or("")); }));
}

Result<std::vector<std::optional<Json>>> SqlStore::getMany(std::string_view kind,
                                                           const std::vector<std::string>& ids) {
  std::map<std::string, Json> found;
  std::string broken;
  Status status = readDocs(std::string(kind), ids, [&](const std::string& id, std::string text) {
    Json doc = parseStored(text);
    if (!doc.is_object()) broken = id;
    found[id] = std::move(doc);
  });
  if (!status) return std::move(status).error();
  if (!broken.empty()) return unreadableRow(kind, broken);
  std::vector<std::optional<Json>> out;
  for (const std::string& id : ids) {
    auto doc = found.find(id);
    out.push_back(doc == found.end() ? std::nullopt : std::optional<Json>(doc->second));
  }
  return out;
}

std::variant<Revision, Refusal> SqlStore::transactBatches(
    const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) {
  Work work;
  bool begun = false;
  auto write = [&](std::vector<Change> changes) -> Status {
    Status status;
    if (!begun) {
      status = note(connection_->beginBulk());
      begun = status.ok();
      if (status.ok()) status = note(findNext(work));
      if (status.ok()) status = note(begin(work, reason));
    }
    if (status.ok()) status = applyBatch(work, changes);
    if (status.ok()) status = note(record(work));
    work.commit.changes.clear();
    work.before.clear();
    return status;
  };
  Status status = produce(write);
  if (status.ok() && !begun) return Revision{0};
  if (status.ok()) status = commit(work);
  if (status.ok()) {
    writable_ = true;
    if (work.commit.follows) known_ = {work.commit.revision, work.token};
    return work.commit.revision;
  }
  connection_->rollback();
  if (work.refusal) return std::move(*work.refusal);
  Refusal out;
  out.message = status.error().text();
  return out;
}

}  // namespace tollgate::store
