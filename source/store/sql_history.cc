#include "source/store/sql_store.h"
#include "source/store/stored_json.h"

namespace tollgate::store {
namespace {

constexpr size_t kRowsAtOnce = 500;

/// The text of the document that `rewrite` made of it; nothing where it left it alone.
SqlValue rewritten(const SqlValue& text, std::string_view kind,
                   const std::function<bool(std::string_view kind, Json& doc)>& rewrite) {
  if (!text) return {};
  Json doc = parseStored(*text);
  if (!doc.is_object() || !rewrite(kind, doc)) return {};
  return doc.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

/// One page of the history behind (revision, seq), which move on; false at the end.
Result<bool> SqlStore::rewriteHistoryPage(
    std::string& revision, std::string& seq, size_t& changed,
    const std::function<bool(std::string_view kind, Json& doc)>& rewrite) {
  std::vector<SqlRow> rows;
  Status status = connection_->query(
      // Qualified: the bare names would sort by the texts of the result.
      "SELECT CAST(c.revision AS TEXT), CAST(c.seq AS TEXT), c.kind, c.before, c.after"
      " FROM changes c WHERE c.revision > CAST($1 AS BIGINT) OR (c.revision = CAST($1 AS BIGINT)"
      " AND c.seq > CAST($2 AS BIGINT)) ORDER BY c.revision, c.seq LIMIT " +
          std::to_string(kRowsAtOnce),
      {revision, seq}, [&](const SqlRow& row) { rows.push_back(row); });
  if (!status) return std::move(status).error();
  for (const SqlRow& row : rows) {
    revision = row[0].value_or("0");
    seq = row[1].value_or("0");
    SqlValue before = rewritten(row[3], row[2].value_or(""), rewrite);
    SqlValue after = rewritten(row[4], row[2].value_or(""), rewrite);
    if (!before && !after) continue;
    changed += size_t{before.has_value()} + size_t{after.has_value()};
    status = connection_->execute(
        "UPDATE changes SET before = COALESCE($1, before), after = COALESCE($2, after)"
        " WHERE revision = CAST($3 AS BIGINT) AND seq = CAST($4 AS BIGINT)",
        {before, after, revision, seq});
    if (!status) return std::move(status).error();
  }
  return !rows.empty();
}

Result<size_t> SqlStore::rewriteHistory(
    const std::function<bool(std::string_view kind, Json& doc)>& rewrite) {
  size_t changed = 0;
  std::string revision = "0", seq = "-1";
  for (bool more = true; more;) {
    Status status = note(connection_->beginWrite());
    if (!status) return std::move(status).error();
    auto page = rewriteHistoryPage(revision, seq, changed, rewrite);
    status = page.ok() ? connection_->commitForSure() : Status(page.error());
    if (!note(status)) {
      connection_->rollback();
      return std::move(status).error();
    }
    more = *page;
  }
  return changed;
}

}  // namespace tollgate::store
