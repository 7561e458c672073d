#include "source/store/revision_history.h"

#include <algorithm>

#include "source/base/hex.h"
#include "source/crypto/secret.h"
#include "source/store/sql_numbers.h"
#include "source/store/stored_json.h"

namespace tollgate::store {
namespace {

constexpr int64_t kMillisPerDay = 86'400'000;

std::optional<Json> pastDoc(const SqlValue& text, bool& unreadable) {
  if (!text) return std::nullopt;
  Json doc = parseStored(*text);
  if (!doc.is_discarded()) return doc;
  unreadable = true;
  return Json();
}

}  // namespace

std::string SqlHistory::newToken() { return toHex(crypto::randomBytes(8)); }

Status SqlHistory::writeRevision(SqlConnection& connection, Revision revision, const Reason& reason,
                                 const std::string& token) {
  return connection.execute(
      "INSERT INTO revisions (revision, at, actor, reason, address, token)"
      " VALUES (CAST($1 AS BIGINT), CAST(" +
          connection.nowMillis() + " AS TEXT), $2, $3, $4, $5)",
      {std::to_string(revision), reason.actor, reason.text, reason.address, token});
}

Result<std::vector<History::Entry>> SqlHistory::select(const std::string& condition,
                                                       Revision parameter, size_t limit) {
  std::vector<Entry> entries;
  Status status = note_(connection_.query(
      "SELECT CAST(r.revision AS TEXT), r.at, r.actor, r.reason, r.address, c.kind,"
      " CAST(COUNT(c.kind) AS TEXT) FROM (SELECT * FROM revisions WHERE revision > " +
          std::string(kFloor) + " AND " + condition +
          " ORDER BY revision DESC LIMIT CAST($2 AS BIGINT)) r LEFT JOIN changes c ON c.revision = "
          "r.revision"
          " GROUP BY r.revision, r.at, r.actor, r.reason, r.address, c.kind"
          " ORDER BY r.revision DESC, c.kind",
      {std::to_string(parameter), std::to_string(limit)}, [&](const SqlRow& row) {
        auto revision = numberOf<Revision>(row[0]);
        if (entries.empty() || entries.back().revision != revision) {
          Entry& entry = entries.emplace_back();
          entry.revision = revision;
          entry.atMillis = numberOf<int64_t>(row[1]);
          entry.reason = {row[2].value_or(""), row[3].value_or(""), row[4].value_or("")};
        }
        auto count = numberOf<size_t>(row[6]);
        if (row[5]) entries.back().kinds[*row[5]] = count;
        entries.back().changes += count;
      }));
  if (!status) return std::move(status).error();
  return entries;
}

Result<std::vector<History::Entry>> SqlHistory::list(Revision before, size_t limit) {
  return select("(CAST($1 AS BIGINT) = 0 OR revision < CAST($1 AS BIGINT))", before, limit);
}

Result<History::Entry> SqlHistory::entry(Revision revision) {
  auto found = select("revision = CAST($1 AS BIGINT)", revision, 1);
  if (!found) return std::move(found).error();
  if (found->empty()) {
    return Error::notFound("there is no revision " + std::to_string(revision) +
                           " in the history (any more)");
  }
  return std::move(found->front());
}

Result<std::vector<History::PastChange>> SqlHistory::changes(Revision revision, size_t skip,
                                                             size_t limit) {
  std::vector<PastChange> changes;
  Status status = note_(connection_.query(
      "SELECT kind, id, before, after FROM changes WHERE revision = CAST($1 AS BIGINT)"
      " AND revision > " +
          std::string(kFloor) + " ORDER BY seq LIMIT CAST($2 AS BIGINT) OFFSET CAST($3 AS BIGINT)",
      {std::to_string(revision), std::to_string(limit), std::to_string(skip)},
      [&](const SqlRow& row) {
        PastChange& change = changes.emplace_back();
        change.kind = row[0].value_or("");
        change.id = row[1].value_or("");
        change.before = pastDoc(row[2], change.unreadable);
        change.after = pastDoc(row[3], change.unreadable);
      }));
  if (!status) return std::move(status).error();
  return changes;
}

Result<std::vector<History::LaterChange>> SqlHistory::changedLater(Revision revision,
                                                                   size_t limit) {
  std::vector<LaterChange> later;
  Status status = note_(connection_.query(
      "SELECT l.kind, l.id, CAST(MIN(l.revision) AS TEXT) FROM changes c"
      " JOIN changes l ON l.kind = c.kind AND l.id = c.id AND l.revision > c.revision"
      " WHERE c.revision = CAST($1 AS BIGINT) GROUP BY l.kind, l.id ORDER BY l.kind, l.id"
      " LIMIT CAST($2 AS BIGINT)",
      {std::to_string(revision), std::to_string(limit)}, [&](const SqlRow& row) {
        later.push_back({row[0].value_or(""), row[1].value_or(""), numberOf<Revision>(row[2])});
      }));
  if (!status) return std::move(status).error();
  return later;
}

Status SqlHistory::inTransaction(const std::function<Status()>& work) {
  Status status = note_(connection_.beginWrite());
  if (!status) return status;
  status = note_(work());
  if (status.ok()) status = note_(connection_.commitForSure());
  if (!status) connection_.rollback();
  return status;
}

/// The newest revision that is over a limit, looking at no more of the oldest ones than a step may
/// delete; 0 if none is.
Result<Revision> SqlHistory::floorFor(const Limits& limits) {
  Revision floor = 0, newest = 0;
  bool young = false;
  Status status = connection_.query(
      "SELECT CAST(o.revision AS TEXT), o.at, CAST(" + connection_.nowMillis() +
          " AS TEXT), CAST((SELECT MAX(revision) FROM revisions) AS TEXT)"
          " FROM (SELECT revision, at FROM revisions WHERE revision > " +
          std::string(kFloor) + " ORDER BY revision LIMIT " + std::to_string(kPruneAtOnce) +
          ") o ORDER BY o.revision",
      {}, [&](const SqlRow& row) {
        auto revision = numberOf<Revision>(row[0]);
        newest = numberOf<Revision>(row[3]);
        bool tooMany = limits.revisions > 0 && revision + limits.revisions <= newest;
        bool tooOld = limits.days > 0 && numberOf<int64_t>(row[2]) - numberOf<int64_t>(row[1]) >
                                             limits.days * kMillisPerDay;
        young = young || !(tooMany || tooOld);
        if (!young && revision < newest) floor = revision;
      });
  if (!status) return std::move(status).error();
  return floor;
}

Result<bool> SqlHistory::prune(const Limits& limits) {
  auto floor = floorFor(limits);
  if (!floor) return note_(std::move(floor).error()).error();
  if (*floor > 0) {
    // First nobody reads them any more, then they go.
    Status raised =
        note_(connection_.execute("UPDATE store_state SET value = CAST($1 AS BIGINT) WHERE name = "
                                  "'history_floor' AND value < CAST($1 AS BIGINT)",
                                  {std::to_string(*floor)}));
    if (!raised) return std::move(raised).error();
  }
  const std::string atOnce = std::to_string(kPruneAtOnce);
  size_t changes = 0, revisions = 0;
  Status status = note_(connection_.query(
      "DELETE FROM changes WHERE (revision, seq) IN (SELECT revision, seq FROM changes"
      " WHERE revision <= " +
          std::string(kFloor) + " ORDER BY revision, seq LIMIT " + atOnce + ") RETURNING seq",
      {}, [&](const SqlRow&) { ++changes; }));
  if (status.ok() && changes < kPruneAtOnce) {
    status = note_(connection_.query(
        "DELETE FROM revisions WHERE revision IN (SELECT revision FROM revisions"
        " WHERE revision <= " +
            std::string(kFloor) + " ORDER BY revision LIMIT " + atOnce + ") RETURNING revision",
        {}, [&](const SqlRow&) { ++revisions; }));
  }
  if (!status) return std::move(status).error();
  return changes >= kPruneAtOnce || revisions >= kPruneAtOnce;
}

Result<Revision> SqlHistory::advance(Revision beyond, const Reason& reason) {
  Revision next = 0;
  Status done = inTransaction([&] {
    Status status = connection_.query(
        "SELECT CAST(COALESCE(MAX(revision), 0) AS TEXT) FROM revisions", {},
        [&](const SqlRow& row) { next = std::max(numberOf<Revision>(row[0]), beyond) + 1; });
    return status.ok() ? writeRevision(connection_, next, reason, newToken()) : status;
  });
  if (!done) return std::move(done).error();
  return next;
}

}  // namespace tollgate::store
