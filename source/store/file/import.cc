#include "source/store/file/import.h"

#include <map>
#include <set>
#include <utility>

namespace tollgate::store {
namespace {

/// How many entities are compared and written together.
constexpr size_t kEntitiesAtOnce = 512;

/// Answers what stands in the store, and does not ask where a kind has no entity at all.
class Stored {
 public:
  explicit Stored(Store& store) : store_(store) {}

  Status open() {
    for (const schema::EntitySchema* schema : schema::EntitySchema::all()) {
      ListQuery query;
      query.limit = 1;
      auto rows = store_.list(schema->kind(), query);
      if (!rows) return std::move(rows).error();
      if (!rows->empty()) filled_.insert(schema->kind());
    }
    return {};
  }

  bool holds(std::string_view kind) const { return filled_.contains(kind); }

  std::optional<std::string> idOf(std::string_view kind, std::string_view field,
                                  std::string_view value) {
    if (!holds(kind)) return {};
    auto found = field == "id" ? store_.get(kind, value) : store_.getByUnique(kind, field, value);
    if (!found) {
      if (trouble.ok()) trouble = std::move(found).error();
      return {};
    }
    if (!found->has_value()) return {};
    return (**found).value("id", std::string());
  }

  Result<std::vector<std::optional<Json>>> get(std::string_view kind,
                                               const std::vector<std::string>& ids) {
    if (!holds(kind)) return std::vector<std::optional<Json>>(ids.size());
    return store_.getMany(kind, ids);
  }

  Store& store() { return store_; }

  Status trouble;

 private:
  Store& store_;
  std::set<std::string, std::less<>> filled_;
};

/// What the file cannot or need not say stays as it was: times, as long as nothing else changes,
/// and the form in which a secret is kept.
void settle(Store& store, Declared& entity, const Json& before) {
  Json& doc = entity.doc;
  auto keep = [&](const std::string& name) {
    auto old = before.find(name);
    if (old != before.end() && doc.contains(name)) doc[name] = *old;
  };
  for (const std::string& name : entity.madeUp) keep(name);
  store.matchStored(entity.schema->kind(), doc, before);
  if (!entity.createdAtGiven) keep("created_at");
  if (entity.updatedAtGiven || !doc.contains("updated_at")) return;
  Json now = doc["updated_at"];
  keep("updated_at");
  if (doc != before) doc["updated_at"] = std::move(now);
}

/// Compares batches of entities with what is stored.
class Comparison {
 public:
  using Take = std::function<Status(Change change, const Json& before)>;
  Comparison(Stored& stored, ImportCounts& counts, Take take)
      : stored_(stored), counts_(counts), take_(std::move(take)) {}

  Status add(Declared entity) {
    batch_.push_back(std::move(entity));
    return batch_.size() < kEntitiesAtOnce ? Status() : flush();
  }

  Status flush() {
    std::map<std::string, std::vector<std::string>> ids;
    for (const Declared& entity : batch_) ids[entity.schema->kind()].push_back(entity.id);
    std::map<std::pair<std::string, std::string>, Json> before;
    for (const auto& [kind, list] : ids) {
      auto docs = stored_.get(kind, list);
      if (!docs) return std::move(docs).error();
      for (size_t i = 0; i < list.size(); ++i) {
        if ((*docs)[i]) before[{kind, list[i]}] = std::move(*(*docs)[i]);
      }
    }
    for (Declared& entity : batch_) {
      auto old = before.find({entity.schema->kind(), entity.id});
      bool fresh = old == before.end();
      if (!fresh) settle(stored_.store(), entity, old->second);
      if (!fresh && entity.doc == old->second) {
        ++counts_.unchanged;
        continue;
      }
      ++(fresh ? counts_.created : counts_.updated);
      Change change{fresh ? Change::Op::kInsert : Change::Op::kReplace, entity.schema->kind(),
                    entity.id, std::move(entity.doc)};
      if (Status done = take_(std::move(change), fresh ? Json() : old->second); !done) return done;
    }
    batch_.clear();
    return stored_.trouble;
  }

 private:
  Stored& stored_;
  ImportCounts& counts_;
  Take take_;
  std::vector<Declared> batch_;
};

using Name = std::pair<std::string, std::string>;  ///< Kind and id.

/// Adds whatever refers to something that is gone: it has to be taken out, too, and put in anew.
void addReferrers(const std::map<Name, Json>& docs, std::set<Name>& gone) {
  if (gone.empty()) return;
  std::multimap<Name, Name> referrers;
  for (const auto& [name, doc] : docs) {
    const auto* schema = schema::EntitySchema::find(name.first);
    if (schema == nullptr) continue;
    for (const auto& key : schema->foreignKeys(doc)) {
      referrers.insert({{key.targetKind, key.targetId}, name});
    }
  }
  std::vector<Name> open(gone.begin(), gone.end());
  while (!open.empty()) {
    auto [first, last] = referrers.equal_range(open.back());
    open.pop_back();
    for (; first != last; ++first) {
      if (gone.insert(first->second).second) open.push_back(first->second);
    }
  }
}

DeclarativeOptions optionsFor(const ImportOptions& options, Stored& stored) {
  DeclarativeOptions out;
  out.now = options.now;
  out.progress = options.progress;
  out.existing = [&stored](std::string_view kind, std::string_view field, std::string_view value) {
    return stored.idOf(kind, field, value);
  };
  return out;
}

}  // namespace

Result<ImportOutcome> diffFile(Store& store, TextSource source, const ImportOptions& options,
                               const DiffCallback& each) {
  ImportOutcome out;
  Stored stored(store);
  if (Status opened = stored.open(); !opened) return std::move(opened).error();
  DeclarativeFile file(std::move(source), optionsFor(options, stored));
  Comparison comparison(stored, out.counts, [&](Change change, const Json& before) {
    each(change, before);
    return Status();
  });
  Status done = file.read([&](Declared entity) { return comparison.add(std::move(entity)); });
  if (done && file.errors().empty()) done = comparison.flush();
  if (done) done = stored.trouble;
  if (!done) return std::move(done).error();
  out.errors = file.errors();
  out.warnings = file.warnings();
  return out;
}

Result<ImportOutcome> importFile(Store& store, TextSource source, const ImportOptions& options) {
  ImportOutcome out;
  Stored stored(store);
  if (Status opened = stored.open(); !opened) return std::move(opened).error();
  DeclarativeFile file(std::move(source), optionsFor(options, stored));
  Status reading;
  auto produce = [&](const Store::WriteBatch& write) -> Status {
    std::vector<Change> changes;
    auto flush = [&]() -> Status {
      if (changes.empty()) return {};
      return write(std::exchange(changes, {}));
    };
    Comparison comparison(stored, out.counts, [&](Change change, const Json&) -> Status {
      changes.push_back(std::move(change));
      return changes.size() < kEntitiesAtOnce ? Status() : flush();
    });
    bool refused = false;
    reading = file.read([&](Declared entity) {
      Status added = comparison.add(std::move(entity));
      refused = !added.ok();
      return added;
    });
    Status done = reading;
    if (refused) reading = {};
    if (done && !file.errors().empty()) {
      // Nothing is to be written; what is wrong stands in the file's errors.
      return Error::invalid("the file has errors");
    }
    if (done) done = comparison.flush();
    if (done) done = flush();
    return done ? stored.trouble : done;
  };
  auto done = store.transactBatches(produce, options.reason);
  if (!reading) return std::move(reading).error();
  out.errors = file.errors();
  out.warnings = file.warnings();
  if (!out.errors.empty()) return out;
  if (auto* refusal = std::get_if<Refusal>(&done)) {
    out.refusal = std::move(*refusal);
  } else {
    out.revision = std::get<Revision>(done);
  }
  return out;
}

Result<Replacement> planReplacement(Store& store, TextSource source, double now) {
  Replacement out;
  DeclarativeOptions options;
  options.now = now;
  options.withoutDatabase = true;
  options.parentsFirst = false;
  DeclarativeFile file(std::move(source), options);
  Status done = file.read([&](Declared entity) {
    out.entities.push_back(std::move(entity));
    return Status();
  });
  if (!done) return std::move(done).error();
  out.errors = file.errors();
  out.warnings = file.warnings();
  if (!out.errors.empty()) return out;
  std::map<Name, Json> before;
  auto loaded = store.load([&](Entity entity) {
    before[{std::move(entity.kind), std::move(entity.id)}] = std::move(entity.doc);
  });
  if (!loaded) return std::move(loaded).error();
  std::set<Name> gone;
  for (const auto& [name, doc] : before) gone.insert(name);
  for (const Declared& entity : out.entities) gone.erase({entity.schema->kind(), entity.id});
  addReferrers(before, gone);
  std::map<std::string, std::vector<Change>> puts;
  for (Declared& entity : out.entities) {
    const std::string& kind = entity.schema->kind();
    auto old = before.find({kind, entity.id});
    if (old != before.end()) settle(store, entity, old->second);
    bool fresh = old == before.end() || gone.contains(old->first);
    if (!fresh && entity.doc == old->second) continue;
    puts[kind].push_back(
        {fresh ? Change::Op::kInsert : Change::Op::kReplace, kind, entity.id, entity.doc});
  }
  // Children go before their parents, to which nothing may refer any more, and come after them.
  const auto& kinds = schema::EntitySchema::all();
  for (auto kind = kinds.rbegin(); kind != kinds.rend(); ++kind) {
    for (const Name& name : gone) {
      if (name.first != (*kind)->kind()) continue;
      out.changes.push_back({Change::Op::kDelete, name.first, name.second, nullptr});
    }
  }
  for (const schema::EntitySchema* kind : kinds) {
    for (Change& change : puts[kind->kind()]) out.changes.push_back(std::move(change));
  }
  return out;
}

}  // namespace tollgate::store
