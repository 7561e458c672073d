#include "source/store/sqlite/last_good_reader.h"

#include <utility>
#include <vector>

#include "source/store/sql_numbers.h"
#include "source/store/sql_work.h"
#include "source/store/sqlite/sqlite_connection.h"
#include "source/store/stored_json.h"

namespace tollgate::store {
namespace {

Error readsOnly() {
  return Error::unavailable("the database does not answer; this node has only its own copy");
}

class LastGoodReader final : public Store {
 public:
  LastGoodReader(std::string path, std::string identity, KeyExtractor keys)
      : path_(std::move(path)), identity_(std::move(identity)), keys_(std::move(keys)) {}

  std::string name() const override { return "copy"; }
  Result<Revision> load(const std::function<void(Entity)>&) override { return readsOnly(); }
  Result<std::vector<Commit>> changesSince(Revision) override { return readsOnly(); }
  std::variant<Commit, Refusal> transact(std::vector<Change>, const Reason&) override {
    Refusal refusal;
    refusal.message = readsOnly().message;
    return refusal;
  }
  bool reachable() const override { return false; }
  void watch(std::function<void()>) override {}

  Result<Revision> revision() override {
    Revision revision = 0;
    Status status = read("SELECT value FROM meta WHERE key = 'revision'", {},
                         [&](const SqlRow& row) { revision = numberOf<Revision>(row[0]); });
    if (!status) return std::move(status).error();
    return revision;
  }

  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override {
    std::optional<Json> doc;
    Status status = read("SELECT doc FROM entities WHERE kind = $1 AND id = $2",
                         {std::string(kind), std::string(id)},
                         [&](const SqlRow& row) { doc = parseColumn(row[0]); });
    if (!status) return std::move(status).error();
    if (doc && !doc->is_object()) return unreadableRow(kind, id);
    return doc;
  }

  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override {
    std::optional<Json> found;
    // The text of a key of one field stands in the document as it is; one of several is made.
    const bool single = field.find('+') == std::string_view::npos;
    const std::string text =
        single ? Json(value).dump(-1, ' ', false, Json::error_handler_t::replace) : std::string();
    Status status =
        read("SELECT doc FROM entities WHERE kind = $1 AND ($2 = '' OR instr(doc, $2) > 0)",
             {std::string(kind), text}, [&](const SqlRow& row) {
               if (found) return;
               Json doc = parseColumn(row[0]);
               if (!doc.is_object()) return;
               for (const schema::UniqueKey& key : keys_.uniqueKeys(kind, doc)) {
                 if (key.field == field && key.value == value) found = std::move(doc);
                 if (found) return;
               }
             });
    if (!status) return std::move(status).error();
    return found;
  }

  Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) override {
    std::string sql = "SELECT doc, id FROM entities WHERE kind = $1 AND id > $2";
    std::vector<SqlValue> values = {std::string(kind), query.afterId};
    auto bound = [&](std::string value) {
      values.emplace_back(std::move(value));
      return "$" + std::to_string(values.size());
    };
    if (!query.foreignField.empty()) {
      sql += " AND json_extract(doc, " + bound("$.\"" + query.foreignField + "\".id") + ") = ";
      sql += bound(query.foreignId);
    }
    std::string tags;
    for (const std::string& tag : query.tags) {
      if (!tags.empty()) tags += query.allTags ? " AND " : " OR ";
      tags += "EXISTS (SELECT 1 FROM json_each(doc, '$.tags') WHERE value = " + bound(tag) + ")";
    }
    if (!tags.empty()) sql += " AND (" + tags + ")";
    if (query.anyTag) sql += " AND json_array_length(doc, '$.tags') > 0";
    sql += " ORDER BY id LIMIT CAST(" + bound(std::to_string(query.limit)) + " AS BIGINT)";
    std::vector<Json> docs;
    Status status = read(sql, values, [&](const SqlRow& row) {
      Json doc = parseColumn(row[0]);
      if (!doc.is_object()) doc = {{"id", row[1].value_or("")}, {kUnreadableMember, kNotJson}};
      docs.push_back(std::move(doc));
    });
    if (!status) return std::move(status).error();
    return docs;
  }

 private:
  Status read(const std::string& sql, const std::vector<SqlValue>& values,
              const std::function<void(const SqlRow&)>& row) {
    SqliteConnection connection(path_);
    Status status = connection.open();
    std::string identity;
    if (status.ok()) {
      status = connection.query("SELECT value FROM meta WHERE key = 'identity'", {},
                                [&](const SqlRow& found) { identity = found[0].value_or(""); });
    }
    if (status.ok() && identity != identity_) {
      status = Error::unavailable("the database does not answer, and this node has no copy of it");
    }
    return status.ok() ? connection.query(sql, values, row) : status;
  }

  const std::string path_, identity_;
  const KeyExtractor keys_;
};

}  // namespace

std::unique_ptr<Store> openLastGoodReader(std::string path, std::string identity,
                                          KeyExtractor keys) {
  return std::make_unique<LastGoodReader>(std::move(path), std::move(identity), std::move(keys));
}

}  // namespace tollgate::store
