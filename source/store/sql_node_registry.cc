#include "source/store/sql_node_registry.h"

#include "source/store/sql_numbers.h"

namespace tollgate::store {

Status SqlNodeRegistry::heartbeat(const NodeRecord& node, bool first, const Limits& limits) {
  const std::string now = connection_.nowMillis();
  const std::string live = std::to_string(limits.live.count());
  return note_(connection_.execute(
      "INSERT INTO nodes (id, hostname, version, revision, state, since, seen_at)"
      " VALUES ($1, $2, $3, CAST($4 AS BIGINT), $5, " +
          now + ", " + now +
          ") ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname,"
          " version = excluded.version, revision = excluded.revision, state = excluded.state,"
          " seen_at = excluded.seen_at,"
          " since = CASE WHEN CAST($6 AS BIGINT) = 1 OR nodes.state = 'stopped'"
          " OR ABS(excluded.seen_at - nodes.seen_at) >= " +
          live + " THEN excluded.since ELSE nodes.since END",
      {node.id, node.hostname, node.version, std::to_string(node.revision), node.state,
       first ? "1" : "0"}));
}

Status SqlNodeRegistry::forgetOld(const Limits& limits) {
  // A clock that was set back leaves rows of the future: they are as old as others.
  return note_(connection_.execute("DELETE FROM nodes WHERE ABS(" + connection_.nowMillis() +
                                   " - seen_at) > " + std::to_string(limits.forget.count())));
}

std::string SqlNodeRegistry::isLive(const Limits& limits) const {
  return "(state <> 'stopped' AND ABS(" + connection_.nowMillis() + " - seen_at) < " +
         std::to_string(limits.live.count()) + ")";
}

Result<std::vector<NodeRecord>> SqlNodeRegistry::select(const std::string& condition,
                                                        const std::vector<SqlValue>& parameters,
                                                        size_t limit, const Limits& limits) {
  std::vector<NodeRecord> nodes;
  std::vector<SqlValue> bound = parameters;
  bound.emplace_back(std::to_string(limit));
  Status status = note_(connection_.query(
      "SELECT id, hostname, version, CAST(revision AS TEXT), state, CAST(since AS TEXT),"
      " CAST(seen_at AS TEXT), CASE WHEN " +
          isLive(limits) + " THEN '1' ELSE '0' END FROM nodes WHERE " + condition +
          " ORDER BY id LIMIT CAST($" + std::to_string(bound.size()) + " AS BIGINT)",
      bound, [&](const SqlRow& row) {
        NodeRecord& node = nodes.emplace_back();
        node.id = row[0].value_or("");
        node.hostname = row[1].value_or("");
        node.version = row[2].value_or("");
        node.revision = numberOf<Revision>(row[3]);
        node.state = row[4].value_or("");
        node.seenMillis = numberOf<int64_t>(row[6]);
        node.live = row[7] == "1";
        node.sinceMillis = node.live ? numberOf<int64_t>(row[5]) : node.seenMillis;
      }));
  if (!status) return std::move(status).error();
  return nodes;
}

Result<std::vector<NodeRecord>> SqlNodeRegistry::list(const std::string& afterId, size_t limit,
                                                      const Limits& limits) {
  return select("id > $1", {afterId}, limit, limits);
}

Result<std::vector<NodeRecord>> SqlNodeRegistry::lagging(Revision revision, size_t limit,
                                                         const Limits& limits) {
  return select("revision < CAST($1 AS BIGINT) AND " + isLive(limits), {std::to_string(revision)},
                limit, limits);
}

Result<Revision> SqlNodeRegistry::newestRevision() {
  Revision newest = 0;
  Status status =
      note_(connection_.query("SELECT CAST(COALESCE(MAX(revision), 0) AS TEXT) FROM nodes", {},
                              [&](const SqlRow& row) { newest = numberOf<Revision>(row[0]); }));
  if (!status) return std::move(status).error();
  return newest;
}

}  // namespace tollgate::store
