#include "source/store/sealed/sealing_store.h"

#include <map>

namespace tollgate::store {
namespace {

using schema::AtRest;

Refusal unavailable(const Error& error) {
  Refusal out;
  out.message = error.text();
  return out;
}

const schema::AtRestField* digestField(const Protector& protector, std::string_view kind,
                                       std::string_view field) {
  for (const schema::AtRestField& candidate : protector.fields(kind)) {
    if (candidate.field == field && candidate.how == AtRest::kDigest) return &candidate;
  }
  return nullptr;
}

}  // namespace

std::string SealingStore::ownName() const {
  const std::string& id = protector_->crypto().secretId();
  return id.empty() ? std::string(kNoSecret) : id;
}

Status SealingStore::claimSecret() {
  if (claimed_ || protector_->mode() == Protector::Mode::kPlain) return {};
  told_ = true;
  // A database that did without may get a secret: what was written before stays usable.
  auto stands = inner_->claimFact(kSecretFact, ownName(), kNoSecret);
  if (!stands) return stands.error();
  claimed_ = *stands == ownName();
  if (claimed_) {
    protector_->setTrouble("");
    return {};
  }
  const std::string& id = protector_->crypto().secretId();
  std::string text =
      "the credentials of this store are kept under the secret " + *stands + ", this node has " +
      (id.empty() ? std::string("none") : id) +
      ": it writes no credentials, and cannot use those that are there; give it that secret "
      "(credential_secret, credential_secret_file, or for the embedded store the file "
      "credential.secret in the prefix folder, from a backup), or, if it is lost for good, run "
      "`tollgate credentials adopt` and create the credentials anew";
  protector_->setTrouble(text);
  return Error::unavailable(text);
}

Status SealingStore::adoptSecret() {
  auto stands = inner_->fact(kSecretFact);
  if (!stands) return stands.error();
  auto now = inner_->claimFact(kSecretFact, ownName(), *stands);
  if (!now) return now.error();
  claimed_ = false;
  return claimSecret();
}

Result<Revision> SealingStore::load(const std::function<void(Entity)>& each) {
  protector_->forgetForeignForms();
  protector_->setOtherForms(false);
  auto revision = inner_->load([&](Entity entity) {
    protector_->open(entity.kind, entity.doc);
    each(std::move(entity));
  });
  if (!revision) protector_->setOtherForms(true);
  // A node serves on under a wrong secret; claimSecret() has told the trouble.
  if (revision) (void)claimSecret();
  return revision;
}

void SealingStore::openAll(Commit& commit) {
  for (Change& change : commit.changes) {
    if (!change.doc.is_null()) protector_->open(change.kind, change.doc);
  }
}

Result<std::vector<Commit>> SealingStore::changesSince(Revision since) {
  auto commits = inner_->changesSince(since);
  if (!commits) return commits;
  for (Commit& commit : *commits) openAll(commit);
  if (!told_) (void)claimSecret();  // there was no load()
  return commits;
}

/// What a transaction was given, by what is kept instead: a refusal is told in the client's words.
struct SealingStore::Given {
  std::map<std::pair<std::string, std::string>, std::string> values;

  void add(const std::string& field, const std::string& kept, std::string given) {
    if (kept != given) values[{field, kept}] = std::move(given);
  }
  void translate(Json& fields) const {
    if (!fields.is_object()) return;
    for (auto& [field, value] : fields.items()) {
      if (!value.is_string()) continue;
      auto found = values.find({field, value.get<std::string>()});
      if (found != values.end()) value = found->second;
    }
  }
};

/// A key may stand in the form of another mode, where the database sees no duplicate.
Status SealingStore::takenInOtherForm(const Change& change, const schema::AtRestField& field,
                                      const std::string& value, std::optional<Refusal>& refusal) {
  for (const std::string& form : protector_->formsOf(value)) {
    auto found = inner_->getByUnique(change.kind, field.field, form);
    if (!found) return found.error();
    if (!found->has_value() || (**found).value("id", Json()) == change.id) continue;
    refusal.emplace();
    refusal->kind = Refusal::Kind::kUnique;
    refusal->entityKind = change.kind;
    refusal->field = field.field;
    refusal->fields = Json{{field.field, value}};
    return {};
  }
  return {};
}

Status SealingStore::keep(Change& change) {
  if (!change.kept) return protector_->protect(change.kind, change.doc);
  // It may be of a time when another form was kept.
  auto converted = protector_->convert(change.kind, change.doc);
  return converted.ok() ? Status() : Status(converted.error());
}

/// Protects one document; `given` remembers what its fields were.
Status SealingStore::protect(Change& change, Given& given, std::optional<Refusal>& refusal) {
  std::vector<std::pair<const schema::AtRestField*, std::string>> values;
  for (const schema::AtRestField& field : protector_->fields(change.kind)) {
    const std::string* value = field.in(change.doc);
    if (value == nullptr) continue;
    if (Status claimed = claimSecret(); !claimed) return claimed;
    values.emplace_back(&field, *value);
    if (field.how != AtRest::kDigest || !protector_->otherForms()) continue;
    if (auto empty = wasEmpty_.find(change.kind); empty != wasEmpty_.end() && empty->second)
      continue;
    Status asked = takenInOtherForm(change, field, values.back().second, refusal);
    if (!asked || refusal) return asked;
  }
  if (values.empty()) return {};
  if (Status status = keep(change); !status) return status;
  for (auto& [field, value] : values) {
    if (field->how == AtRest::kDigest) {
      given.add(field->field, *field->in(change.doc), std::move(value));
    }
  }
  return {};
}

std::variant<Commit, Refusal> SealingStore::transact(std::vector<Change> changes,
                                                     const Reason& reason) {
  Given given;
  for (Change& change : changes) {
    if (change.doc.is_null()) continue;
    std::optional<Refusal> refusal;
    if (Status status = protect(change, given, refusal); !status) {
      return unavailable(status.error());
    }
    if (refusal) return std::move(*refusal);
  }
  auto outcome = inner_->transact(std::move(changes), reason);
  if (auto* refusal = std::get_if<Refusal>(&outcome)) given.translate(refusal->fields);
  if (auto* commit = std::get_if<Commit>(&outcome)) openAll(*commit);
  return outcome;
}

std::variant<Revision, Refusal> SealingStore::transactBatches(
    const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) {
  Given given;
  std::optional<Refusal> refusal;
  wasEmpty_.clear();
  auto protectBatch = [&](std::vector<Change>& changes) -> Status {
    given = {};
    for (Change& change : changes) {
      if (!protector_->fields(change.kind).empty() && !wasEmpty_.contains(change.kind)) {
        ListQuery query;
        query.limit = 1;
        auto rows = inner_->list(change.kind, query);
        if (!rows) return rows.error();
        wasEmpty_[change.kind] = rows->empty();
      }
      if (change.doc.is_null()) continue;
      if (Status status = protect(change, given, refusal); !status) return status;
      if (refusal) return Error::conflict("refused");
    }
    return {};
  };
  auto outcome = inner_->transactBatches(
      [&](const WriteBatch& write) {
        return produce([&](std::vector<Change> changes) -> Status {
          if (Status status = protectBatch(changes); !status) return status;
          return write(std::move(changes));
        });
      },
      reason);
  wasEmpty_.clear();
  if (refusal) return std::move(*refusal);
  if (auto* refused = std::get_if<Refusal>(&outcome)) given.translate(refused->fields);
  return outcome;
}

void SealingStore::matchStored(std::string_view kind, Json& given, const Json& stored) {
  for (const schema::AtRestField& field : protector_->fields(kind)) {
    const std::string* value = field.in(given);
    const std::string* old = field.in(stored);
    if (value == nullptr || old == nullptr || *value == *old) continue;
    if (protector_->isKeptAs(field, *value, *old, given)) field.set(given, *old);
  }
}

Result<std::vector<std::optional<Json>>> SealingStore::getMany(
    std::string_view kind, const std::vector<std::string>& ids) {
  auto docs = inner_->getMany(kind, ids);
  if (docs) {
    for (auto& doc : *docs) {
      if (doc) protector_->open(kind, *doc);
    }
  }
  return docs;
}

Result<std::optional<Json>> SealingStore::get(std::string_view kind, std::string_view id) {
  auto doc = inner_->get(kind, id);
  if (doc && doc->has_value()) protector_->open(kind, **doc);
  return doc;
}

Result<std::optional<Json>> SealingStore::getByUnique(std::string_view kind, std::string_view field,
                                                      std::string_view value) {
  std::vector<std::string> forms{std::string(value)};
  if (digestField(*protector_, kind, field) != nullptr) {
    forms = protector_->formsOf(value);
    if (!protector_->otherForms()) forms.resize(1);
  }
  for (const std::string& form : forms) {
    auto doc = inner_->getByUnique(kind, field, form);
    if (!doc || !doc->has_value()) {
      if (!doc || &form == &forms.back()) return doc;
      continue;
    }
    protector_->open(kind, **doc);
    return doc;
  }
  return std::optional<Json>();
}

Result<std::vector<Json>> SealingStore::list(std::string_view kind, const ListQuery& query) {
  auto docs = inner_->list(kind, query);
  if (docs) {
    for (Json& doc : *docs) protector_->open(kind, doc);
  }
  return docs;
}

}  // namespace tollgate::store
