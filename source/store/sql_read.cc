// What a node reads from the store to follow it: everything at one revision, then the changes.

#include <algorithm>

#include "source/store/sql_numbers.h"
#include "source/store/sql_store.h"
#include "source/store/stored_json.h"

namespace tollgate::store {
namespace {

/// A node that is further behind reads everything anew, as at its start, rather than hold the
/// history of a large import in memory beside what it makes of it.
constexpr size_t kMaxCatchUp = 50000;
/// Rows that unreadable() names, but of plugins all: what each of them guards must not be served
/// without it.
constexpr size_t kNamedAtMost = 1000;
constexpr std::string_view kGuards = "plugins";
/// A revision above all.
constexpr const char* kEnd = "9223372036854775807";

/// False where the text is no document; then it is named in `unreadable`.
bool readDoc(const SqlRow& row, size_t kind, size_t text, Json& doc,
             std::vector<Unreadable>& unreadable) {
  doc = parseColumn(row[text]);
  if (doc.is_object()) return true;
  if (unreadable.size() < kNamedAtMost || row[kind] == kGuards) {
    unreadable.push_back({row[kind].value_or(""), row[kind + 1].value_or(""), "not a JSON object"});
  }
  return false;
}

/// The last revision of the page behind $1.
std::string endOfPage(const char* table, const char* order) {
  return std::string("COALESCE((SELECT revision FROM ") + table +
         " WHERE revision > CAST($1 AS BIGINT) ORDER BY " + order + " LIMIT 1 OFFSET " +
         std::to_string(Store::kPageChanges - 1) + "), " + kEnd + ")";
}

}  // namespace

/// What the database says of itself.
struct SqlStore::DatabaseState {
  Revision newest = 0, floor = 0;
  SqlValue token;  ///< Of the revision that was asked about; nothing where it is not there.
};

Result<Revision> SqlStore::revision() {
  auto value = one("SELECT CAST(COALESCE(MAX(revision), 0) AS TEXT) FROM revisions", {});
  if (!value) return std::move(value).error();
  return numberOf<Revision>(*value);
}

Result<Revision> SqlStore::load(const std::function<void(Entity)>& each) {
  // One statement, so that the revision and the entities are of one moment.
  Position position;
  unreadable_.clear();
  Status status = note(connection_->queryLong(
      "SELECT CAST(COALESCE(r.revision, 0) AS TEXT), (SELECT token FROM revisions t WHERE"
      " t.revision = r.revision), e.kind, e.id, e.doc"
      " FROM (SELECT MAX(revision) AS revision FROM revisions) r LEFT JOIN entities e ON 1 = 1",
      [&](const SqlRow& row) {
        position = {numberOf<Revision>(row[0]), row[1].value_or("")};
        if (!row[2]) return;  // no entity at all
        Json doc;
        if (readDoc(row, 2, 4, doc, unreadable_)) {
          each(Entity{*row[2], row[3].value_or(""), std::move(doc)});
        }
      }));
  for (Unreadable& row : unreadable_) {
    if (status.ok()) status = findReferences(row);
  }
  if (!status) return std::move(status).error();
  known_ = position;
  return position.revision;
}

/// In its own statement, as few rows are ever asked about.
Status SqlStore::findReferences(Unreadable& row) {
  row.known = {{"id", row.id}};
  return note(
      connection_->query("SELECT field, target_id FROM foreign_keys WHERE kind = $1 AND id = $2",
                         {row.kind, row.id}, [&](const SqlRow& found) {
                           if (found[0]) row.known[*found[0]] = {{"id", found[1].value_or("")}};
                         }));
}

/// Whether what follows `since` in the database is what follows it for us.
Status SqlStore::judge(Revision since, const DatabaseState& state) const {
  if (state.newest < since) {
    return Error::conflict("the newest revision of the database is " +
                           std::to_string(state.newest) + ", that of this node " +
                           std::to_string(since));
  }
  if (state.floor > since) {
    return Error::notFound("the history begins after revision " + std::to_string(state.floor));
  }
  bool comparable = since > 0 && known_.revision == since;
  if (comparable && state.token != known_.token) {
    return Error::notFound("revision " + std::to_string(since) +
                           " of the database is not the one that this node runs");
  }
  return {};
}

/// kNotFound where so many changes follow `since` that everything is better read anew.
Status SqlStore::checkDistance(Revision since) {
  auto more =
      one("SELECT CAST(c.revision AS TEXT) FROM changes c WHERE c.revision > CAST($1 AS BIGINT)"
          " ORDER BY c.revision, c.seq LIMIT 1 OFFSET " +
              std::to_string(kMaxCatchUp),
          {std::to_string(since)});
  if (!more) return std::move(more).error();
  if (!*more) return {};
  return Error::notFound("more than " + std::to_string(kMaxCatchUp) + " changes since revision " +
                         std::to_string(since));
}

Result<std::vector<Commit>> SqlStore::changesSince(Revision since) {
  DatabaseState state;
  std::vector<Commit> page;
  std::string lastToken;
  unreadable_.clear();
  if (Status near = checkDistance(since); !near) return std::move(near).error();
  // One statement, so that nothing is pruned and no database exchanged in between.
  Status status = note(connection_->query(
      "SELECT CAST(s.newest AS TEXT), CAST(s.floor AS TEXT), s.token, CAST(r.revision AS TEXT),"
      " r.token, c.kind, c.id, c.after, CASE WHEN c.before IS NULL THEN 'n' ELSE 'y' END"
      " FROM (SELECT (SELECT COALESCE(MAX(revision), 0) FROM revisions) AS newest, " +
          std::string(SqlHistory::kFloor) +
          " AS floor, (SELECT token FROM revisions WHERE revision = CAST($1 AS BIGINT)) AS token) s"
          " LEFT JOIN revisions r ON r.revision > CAST($1 AS BIGINT) AND r.revision <= " +
          endOfPage("changes", "revision, seq") +
          " AND r.revision <= " + endOfPage("revisions", "revision") +
          // The lower bound says nothing new, but lets Postgres see that few changes are meant: a
          // revision may have millions of them, and an average one then seems to, too.
          " LEFT JOIN changes c ON c.revision = r.revision AND c.revision > CAST($1 AS BIGINT)"
          " ORDER BY r.revision, c.seq",
      {std::to_string(since)}, [&](const SqlRow& row) {
        state = {numberOf<Revision>(row[0]), numberOf<Revision>(row[1]), row[2]};
        if (!row[3]) return;  // nothing new
        auto revision = numberOf<Revision>(row[3]);
        if (page.empty() || page.back().revision != revision) {
          page.emplace_back().revision = revision;
          lastToken = row[4].value_or("");
        }
        if (!row[5]) return;  // a revision without changes
        Change change;
        bool before = row[8] == "y";
        change.op = !row[7]  ? Change::Op::kDelete
                    : before ? Change::Op::kReplace
                             : Change::Op::kInsert;
        change.kind = *row[5];
        change.id = row[6].value_or("");
        if (row[7] && !readDoc(row, 5, 7, change.doc, unreadable_)) return;
        page.back().changes.push_back(std::move(change));
      }));
  if (status.ok()) status = judge(since, state);
  if (!status) return std::move(status).error();
  if (!page.empty()) known_ = {page.back().revision, lastToken};
  return page;
}

}  // namespace tollgate::store
