#include "source/store/file/declared_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "source/store/history.h"

namespace tollgate::store {
namespace {

/// How many entities are written together when the store is filled.
constexpr size_t kEntitiesAtOnce = 512;

Refusal unavailable(const Status& status) {
  Refusal out;
  out.message = status.error().text();
  return out;
}

}  // namespace

/// The history of the store behind, once there is one.
class DeclaredStore::PastOfDeclared final : public History {
 public:
  PastOfDeclared(DeclaredStore& store, History& inner) : store_(store), inner_(inner) {}

  Result<std::vector<Entry>> list(Revision before, size_t limit) override {
    if (Status filled = store_.fill(); !filled) return filled.error();
    return inner_.list(before, limit);
  }
  Result<Entry> entry(Revision revision) override {
    if (Status filled = store_.fill(); !filled) return filled.error();
    return inner_.entry(revision);
  }
  Result<std::vector<PastChange>> changes(Revision revision, size_t skip, size_t limit) override {
    if (Status filled = store_.fill(); !filled) return filled.error();
    return inner_.changes(revision, skip, limit);
  }
  Result<std::vector<LaterChange>> changedLater(Revision revision, size_t limit) override {
    if (Status filled = store_.fill(); !filled) return filled.error();
    return inner_.changedLater(revision, limit);
  }
  /// One revision that nobody has asked for is not too many.
  Result<bool> prune(const Limits& limits) override {
    return store_.filled_ ? inner_.prune(limits) : Result<bool>(false);
  }
  Result<Revision> advance(Revision beyond, const Reason& reason) override {
    if (Status filled = store_.fill(); !filled) return filled.error();
    return inner_.advance(beyond, reason);
  }

 private:
  DeclaredStore& store_;
  History& inner_;
};

DeclaredStore::DeclaredStore(std::unique_ptr<Store> inner, std::shared_ptr<Protector> protector)
    : ForwardingStore(*inner), owned_(std::move(inner)), protector_(std::move(protector)) {
  if (History* history = inner_->history(); history != nullptr) {
    past_ = std::make_unique<PastOfDeclared>(*this, *history);
  }
}

DeclaredStore::~DeclaredStore() = default;

void DeclaredStore::declare(TextSource source, double now) {
  source_ = std::move(source);
  now_ = now;
  filled_ = false;
}

void DeclaredStore::forget() {
  source_ = {};
  errors_ = {};
  filled_ = true;
}

/// Gives every entity of the text; an error where the text has any, or cannot be read.
Status DeclaredStore::readAll(bool parentsFirst, const std::function<Status(Declared)>& each) {
  DeclarativeOptions options;
  options.now = now_;
  options.withoutDatabase = true;
  options.parentsFirst = parentsFirst;
  DeclarativeFile file(source_, std::move(options));
  Status done = file.read([&](Declared entity) {
    if (entity.madeUp.empty()) return each(std::move(entity));
    auto [served, fresh] = madeUp_.try_emplace({entity.schema->kind(), entity.id}, entity.doc);
    if (!fresh) {
      for (const std::string& field : entity.madeUp) entity.doc[field] = served->second[field];
    }
    return each(std::move(entity));
  });
  if (!done) return done;
  errors_ = file.errors();
  warnings_ = file.warnings();
  if (errors_.empty()) return {};
  return Error::invalid(fmt::format("{}", fmt::join(errors_.lines(source_.name), "\n")));
}

Result<Revision> DeclaredStore::load(const std::function<void(Entity)>& each) {
  if (filled_) return inner_->load(each);
  protector_->forgetForeignForms();
  bool any = false;
  Status done = readAll(false, [&](Declared entity) {
    any = true;
    const std::string& kind = entity.schema->kind();
    protector_->open(kind, entity.doc);
    each({kind, std::move(entity.id), std::move(entity.doc)});
    return Status();
  });
  if (!done) return done.error();
  revision_ = any ? 1 : 0;  // what the store behind will number it
  return revision_;
}

/// What load() gave, as the first revision of the store behind.
Status DeclaredStore::fill() {
  if (filled_) return {};
  filled_ = true;
  Status reading, wrote;
  auto produce = [&](const WriteBatch& write) -> Status {
    std::vector<Change> batch;
    auto flush = [&] { return wrote = batch.empty() ? Status() : write(std::exchange(batch, {})); };
    reading = readAll(true, [&](Declared entity) -> Status {
      const std::string& kind = entity.schema->kind();
      batch.push_back({Change::Op::kInsert, kind, std::move(entity.id), std::move(entity.doc)});
      return batch.size() < kEntitiesAtOnce ? Status() : flush();
    });
    return reading ? flush() : reading;
  };
  auto done = inner_->transactBatches(produce, {"node", "start: " + source_.name});
  auto* refusal = std::get_if<Refusal>(&done);
  if (refusal == nullptr) {
    source_ = {};
    madeUp_.clear();
    return {};
  }
  filled_ = false;
  if (!reading && wrote) return reading;
  return Error::unavailable(source_.name + ": " + refusal->message + refusal->fields.dump());
}

Result<std::vector<Commit>> DeclaredStore::changesSince(Revision since) {
  if (!filled_ && since == revision_) return std::vector<Commit>();
  if (Status filled = fill(); !filled) return filled.error();
  return inner_->changesSince(since);
}

Result<Revision> DeclaredStore::revision() {
  if (!filled_) return revision_;
  return inner_->revision();
}

std::variant<Commit, Refusal> DeclaredStore::transact(std::vector<Change> changes,
                                                      const Reason& reason) {
  if (Status filled = fill(); !filled) return unavailable(filled);
  return inner_->transact(std::move(changes), reason);
}

std::variant<Revision, Refusal> DeclaredStore::transactBatches(
    const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) {
  if (Status filled = fill(); !filled) return unavailable(filled);
  return inner_->transactBatches(produce, reason);
}

Result<std::vector<std::optional<Json>>> DeclaredStore::getMany(
    std::string_view kind, const std::vector<std::string>& ids) {
  if (Status filled = fill(); !filled) return filled.error();
  return inner_->getMany(kind, ids);
}

Result<std::optional<Json>> DeclaredStore::get(std::string_view kind, std::string_view id) {
  if (Status filled = fill(); !filled) return filled.error();
  return inner_->get(kind, id);
}

Result<std::optional<Json>> DeclaredStore::getByUnique(std::string_view kind,
                                                       std::string_view field,
                                                       std::string_view value) {
  if (Status filled = fill(); !filled) return filled.error();
  return inner_->getByUnique(kind, field, value);
}

Result<std::vector<Json>> DeclaredStore::list(std::string_view kind, const ListQuery& query) {
  if (Status filled = fill(); !filled) return filled.error();
  return inner_->list(kind, query);
}

History* DeclaredStore::history() { return past_.get(); }

}  // namespace tollgate::store
