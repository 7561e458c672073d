#include "source/admin/ca_references.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/admin/errors.h"

namespace tollgate::admin {
namespace {

bool names(const Json& record, const std::string& authorityId) {
  if (!record.is_object()) return false;
  auto ids = record.find("ca_certificates");
  return ids != record.end() && ids->is_array() &&
         std::find(ids->begin(), ids->end(), authorityId) != ids->end();
}

}  // namespace

Stop stillReferenced(ApiContext& context, const std::string& authorityId) {
  for (const char* kind : {"services", "plugins"}) {
    store::ListQuery query;
    query.limit = 1000;
    while (true) {
      auto rows = context.store().list(kind, query);
      if (!rows) return storeFailed(rows.error());
      for (const Json& row : *rows) {
        if (!names(row, authorityId) && !names(row.value("config", Json()), authorityId)) continue;
        return failure(400, 19, "referenced by others",
                       fmt::format("ca certificate {} is still referenced by {} (id = {})",
                                   authorityId, kind, row["id"].get<std::string>()),
                       nullptr);
      }
      if (rows->size() < query.limit) break;
      query.afterId = rows->back()["id"].get<std::string>();
    }
  }
  return {};
}

}  // namespace tollgate::admin
