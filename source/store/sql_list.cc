#include "source/store/sql_list.h"

namespace tollgate::store {
namespace {

/// The kind that a reference points to; "" if the schemas do not tell.
std::string targetKindOf(std::string_view kind, const std::string& field) {
  const auto* schema = schema::EntitySchema::find(kind);
  if (schema == nullptr) return {};
  for (const auto& foreign : schema->foreignFields()) {
    if (foreign.field == field) return foreign.targetKind;
  }
  return {};
}

class Writer {
 public:
  Writer(std::string_view kind, const ListQuery& query)
      : query_(query), out_{{}, {std::string(kind), query.afterId}} {}

  /// The ids come from the narrowest condition, the others are looked up for each of them.
  ListStatement write(const std::string& targetKind) {
    std::string where;
    if (!query_.foreignField.empty()) {
      from_ = "foreign_keys";
      where = referenceHolds(from_, targetKind);
    }
    if (!query_.tags.empty() && !query_.allTags && query_.tags.size() > 1) {
      addAnyOfTags(where);
    } else {
      for (const std::string& tag : query_.tags) addTag(where, tag);
    }
    if (query_.anyTag && query_.tags.empty()) addAnyTag(where);
    out_.sql = "SELECT entities.doc, entities.id FROM ";
    if (from_.empty()) {
      out_.sql += "entities WHERE entities.kind = $1 AND entities.id > $2";
    } else {
      std::string name = from_.substr(from_.rfind(' ') + 1);
      out_.sql += from_ + " JOIN entities ON entities.kind = " + name +
                  ".kind AND entities.id = " + name + ".id WHERE " + name + ".kind = $1 AND " +
                  name + ".id > $2";
    }
    out_.sql += where + " ORDER BY " + id();
    out_.sql += limit();
    return std::move(out_);
  }

 private:
  std::string parameter(std::string value) {
    out_.parameters.emplace_back(std::move(value));
    return "$" + std::to_string(out_.parameters.size());
  }
  /// Bound, so that lists of all sizes are one statement to the connection.
  std::string limit() {
    if (limit_.empty()) limit_ = parameter(std::to_string(query_.limit));
    return " LIMIT CAST(" + limit_ + " AS BIGINT)";
  }
  std::string id() const {
    return from_.empty() ? "entities.id" : from_.substr(from_.rfind(' ') + 1) + ".id";
  }

  std::string referenceHolds(const std::string& table, const std::string& targetKind) {
    std::string out = " AND " + table + ".field = " + parameter(query_.foreignField) + " AND " +
                      table + ".target_id = " + parameter(query_.foreignId);
    // The index begins with it.
    if (!targetKind.empty()) out += " AND " + table + ".target_kind = " + parameter(targetKind);
    return out;
  }

  void addTag(std::string& where, const std::string& tag) {
    if (from_.empty()) {
      from_ = "tags";
      where += " AND tags.tag = " + parameter(tag);
    } else {
      where += " AND EXISTS (SELECT 1 FROM tags o WHERE o.kind = $1 AND o.tag = " + parameter(tag) +
               " AND o.id = " + id() + ")";
    }
  }

  void addAnyTag(std::string& where) {
    if (from_.empty()) {
      from_ = "(SELECT DISTINCT kind, id FROM tags WHERE kind = $1 AND id > $2 ORDER BY id" +
              limit() + ") t";
    } else {
      where += " AND EXISTS (SELECT 1 FROM tags a WHERE a.kind = $1 AND a.id = " + id() + ")";
    }
  }

  /// No tag can give more of the page than a page of its own.
  void addAnyOfTags(std::string& where) {
    std::string each;
    for (const std::string& tag : query_.tags) {
      std::string one = "SELECT kind, id FROM tags WHERE kind = $1 AND tag = " + parameter(tag);
      if (from_.empty()) one += " AND id > $2 ORDER BY id" + limit();
      each += (each.empty() ? "" : " UNION ") + ("SELECT kind, id FROM (" + one + ") x");
    }
    if (from_.empty()) {
      from_ = "(" + each + ") t";
    } else {
      where += " AND EXISTS (SELECT 1 FROM (" + each + ") y WHERE y.id = " + id() + ")";
    }
  }

  const ListQuery& query_;
  ListStatement out_;
  std::string limit_;  ///< Its parameter.
  std::string from_;   ///< What gives the ids: a table, or a selection and its name.
};

}  // namespace

ListStatement listStatement(std::string_view kind, const ListQuery& query) {
  return Writer(kind, query).write(targetKindOf(kind, query.foreignField));
}

}  // namespace tollgate::store
