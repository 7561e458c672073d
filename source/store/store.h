#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/result.h"
#include "source/schema/entity_schema.h"

/// Durable entities and the numbered history of their changes.
namespace tollgate::store {

class History;
class NodeRegistry;

/// Grows by one with each transaction; 0 is the empty store.
using Revision = uint64_t;

struct Entity {
  std::string kind;
  std::string id;
  Json doc;
};

struct Change {
  enum class Op { kInsert, kReplace, kDelete };  ///< kReplace inserts where there is nothing yet.
  Op op = Op::kInsert;
  std::string kind;
  std::string id;
  Json doc;  ///< After the change; null for a deletion.
  /// What must be there before, or the transaction is refused (kChanged); null: nothing at all.
  std::optional<Json> expected = std::nullopt;
  /// Whether `doc` is as the store kept it (of its history): secrets in it are not to be protected
  /// once more.
  bool kept = false;
  bool exact = false;  ///< A deletion that would take others along is refused (kReferenced).
};

/// Who asks, why and from where: kept with the revision.
struct Reason {
  std::string actor;         ///< Of a request: its token or certificate, "admin" without.
  std::string text;          ///< In the words of whoever asked, else what was asked.
  std::string address = {};  ///< "" for what the node does by itself.
};

/// Why a transaction was refused. `unavailable` covers everything that says nothing about the
/// change.
struct Refusal {
  enum class Kind {
    kUnique,
    kPrimaryKey,
    kForeignMissing,
    kReferenced,
    kNotFound,
    kChanged,  ///< Not what Change::expected says; `fields` names the id.
    kUnavailable
  };
  Kind kind = Kind::kUnavailable;
  std::string entityKind;  ///< The kind that was to be written.
  std::string field;       ///< UniqueKey::field or ForeignKey::field.
  Json fields;  ///< UniqueKey::fields, or {"<foreign field>":{"id":"…"}}, or {"id":"…"}.
  std::string otherKind;  ///< Foreign: the target's kind; referenced: the referring kind.
  std::string message;    ///< For the log and for kUnavailable.
};

/// What one transaction did, cascaded deletions included, in the order in which to apply it.
struct Commit {
  Revision revision = 0;
  std::vector<Change> changes;
  /// Of a transaction: whether nothing came between it and what this store handed out before.
  bool follows = true;
};

/// A row that cannot be read: it is left out, and nothing else.
struct Unreadable {
  std::string kind, id;
  std::string cause;  ///< Without the row's contents.
  /// After load(): its id and its references, which the store keeps beside it; else null.
  Json known = nullptr;
};

/// In what list() answers for a row that cannot be read, the member beside "id" that tells why.
inline constexpr const char* kUnreadableMember = "@unreadable";
inline bool isUnreadable(const Json& doc) { return doc.contains(kUnreadableMember); }

struct ListQuery {
  std::string afterId;  ///< Exclusive; "" from the start. Order: ascending id.
  size_t limit = 100;
  std::vector<std::string> tags;
  bool allTags = true;  ///< AND, else OR.
  bool anyTag = false;  ///< Only entities with tags, whichever.
  std::string foreignField,
      foreignId;  ///< Only entities whose reference `foreignField` is this id.
};

/// One cell of a rate limit that all nodes share.
struct CounterKey {
  std::string identifier;  ///< Who is limited.
  std::string period;      ///< "second", "minute", …
  std::string serviceId, routeId;
  int64_t windowStartMillis = 0;  ///< Since 1970, UTC.
  int64_t windowSeconds = 0;      ///< How long the cell has to be kept from its start.
};

/// One thread (control) calls everything here; calls may block up to the store's time limits.
///
/// A store remembers the last revision that it handed out (load, changesSince, transact), so that
/// it notices when the database is another one under the same name: restored, or failed over to a
/// copy that was behind.
class Store {
 public:
  virtual ~Store() = default;

  /// A page of changesSince() ends with the revision in which it reaches this many changes, or with
  /// this many revisions.
  static constexpr size_t kPageChanges = 1000;

  virtual std::string name() const = 0;  ///< "embedded", "postgres", "off"

  /// Every entity at one revision; `each` is called for one after the other, in no promised order.
  /// What cannot be read is left out and named in unreadable().
  virtual Result<Revision> load(const std::function<void(Entity)>& each) = 0;
  /// The next page of the changes after `since`, oldest first, whole revisions; see isFullPage().
  /// kNotFound: load again (the history no longer reaches back, is so long that everything is
  /// better read anew, or `since` is a revision of another history). kConflict: the database is
  /// behind `since`.
  virtual Result<std::vector<Commit>> changesSince(Revision since) = 0;
  /// Whether there may be more after a page.
  static bool isFullPage(const std::vector<Commit>& page) {
    size_t changes = 0;
    for (const Commit& commit : page) changes += commit.changes.size();
    return changes >= kPageChanges || page.size() >= kPageChanges;
  }
  /// What tells the revision that was handed out last from others of the same number; "" where
  /// nothing does.
  virtual std::string mark() const { return {}; }
  /// Goes on from a revision that was handed out, with that mark, before this process began: what
  /// follows is asked of changesSince(), which notices if the database is another one now.
  virtual void resume(Revision revision, std::string mark) { (void)revision, (void)mark; }
  /// The rows that the last load() or changesSince() left out.
  virtual std::vector<Unreadable> unreadable() const { return {}; }
  virtual Result<Revision> revision() = 0;

  /// All changes or none, as one new revision. Unique and foreign keys come from the schemas; the
  /// database itself enforces them. Deleting cascades where the schema says so.
  virtual std::variant<Commit, Refusal> transact(std::vector<Change> changes,
                                                 const Reason& reason) = 0;

  /// Writes some changes of a transaction that is under way, or says why they cannot be.
  using WriteBatch = std::function<Status(std::vector<Change>)>;
  /// As transact(), for more changes than should stand in memory at once: `produce` calls what it
  /// is given with one batch after the other, stops at its errors, and may read from this store,
  /// where it sees what is written so far. The transaction begins with the first batch. Where
  /// `produce` fails nothing is written, and its error comes back as kUnavailable unless a batch
  /// was refused. Revision 0: there was no change.
  virtual std::variant<Revision, Refusal> transactBatches(
      const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) {
    std::vector<Change> all;
    Status status = produce([&](std::vector<Change> batch) {
      for (Change& change : batch) all.push_back(std::move(change));
      return Status();
    });
    if (!status) {
      Refusal refusal;
      refusal.message = status.error().text();
      return refusal;
    }
    if (all.empty()) return Revision{0};
    auto done = transact(std::move(all), reason);
    if (auto* refusal = std::get_if<Refusal>(&done)) return std::move(*refusal);
    return std::get<Commit>(done).revision;
  }

  /// Replaces the secrets in `given` that are kept in another form by what stands for the same
  /// secrets in `stored`, so that the two documents can be compared.
  virtual void matchStored(std::string_view kind, Json& given, const Json& stored) {
    (void)kind, (void)given, (void)stored;
  }
  /// get() of many, in the order of `ids`.
  virtual Result<std::vector<std::optional<Json>>> getMany(std::string_view kind,
                                                           const std::vector<std::string>& ids) {
    std::vector<std::optional<Json>> out;
    for (const std::string& id : ids) {
      auto found = get(kind, id);
      if (!found) return std::move(found).error();
      out.push_back(std::move(found).value());
    }
    return out;
  }
  /// kInternal names a row that cannot be read.
  virtual Result<std::optional<Json>> get(std::string_view kind, std::string_view id) = 0;
  virtual Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                                  std::string_view value) = 0;
  /// One for each row; what cannot be read stands as {"id":…,"@unreadable":…}.
  virtual Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) = 0;

  /// The past revisions; nullptr where none are kept. Lives as long as the store, same thread.
  virtual History* history() { return nullptr; }
  /// The nodes that share this store; nullptr where there is only one. Same rules.
  virtual NodeRegistry* nodes() { return nullptr; }

  /// Whether the database answered last time; never blocks, any thread.
  virtual bool reachable() const = 0;
  /// False where it could not take the last transaction though there was nothing wrong with that: a
  /// full disk, a replica. Never blocks, any thread.
  virtual bool writable() const { return true; }

  /// Calls `changed` from a thread of the store when another node may have written. Once.
  virtual void watch(std::function<void()> changed) = 0;

  /// Tells the other nodes of this store, as far as they run, something that is not kept: at most
  /// 7,000 bytes. Does nothing where there is one node only.
  virtual Status broadcast(const std::string& message) {
    (void)message;
    return {};
  }
  /// `heard` is called from a thread of the store for each message of another node. Before watch().
  virtual void onBroadcast(std::function<void(const std::string& message)> heard) { (void)heard; }

  /// A fact about all nodes of this store, beside the entities and no part of the history: writes
  /// `value` where none of that name stands, or `replaced` stands, and returns what stands then.
  virtual Result<std::string> claimFact(std::string_view name, std::string_view value,
                                        std::string_view replaced = {}) {
    (void)name, (void)replaced;
    return std::string(value);
  }
  /// Lets `rewrite` change the documents of the history, without a trace of what they were; it
  /// answers whether it did. For secrets that must not stay. Returns how many were changed.
  virtual Result<size_t> rewriteHistory(
      const std::function<bool(std::string_view kind, Json& doc)>& rewrite) {
    (void)rewrite;
    return size_t{0};
  }
  /// "" where there is none.
  virtual Result<std::string> fact(std::string_view name) {
    (void)name;
    return std::string();
  }

  /// Adds 1 to every counter unless one of them has reached its limit, atomically over all nodes.
  /// Returns the usages before the addition, in the order of `keys`: the call counted if each is
  /// below its limit. kInvalid where the lists do not fit or name a counter twice. A thread other
  /// than control takes from a store of its own.
  virtual Result<std::vector<int64_t>> takeCounters(const std::vector<CounterKey>& keys,
                                                    const std::vector<int64_t>& limits) {
    (void)keys, (void)limits;
    return Error::unavailable("this store keeps no counters; use another policy than cluster");
  }
};

}  // namespace tollgate::store
