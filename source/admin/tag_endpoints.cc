#include "source/admin/tag_endpoints.h"

#include "source/admin/errors.h"
#include "source/admin/paging.h"

namespace tollgate::admin {
namespace {

using schema::EntitySchema;
constexpr size_t kRowsAtOnce = 500;

/// Walks kinds, ids and tags in order and collects one page. The offset is [kind, id, tag] of its
/// last row.
class TagPage {
 public:
  TagPage(ApiContext& context, const Page& page, const std::string& only)
      : context_(context), page_(page), only_(only) {}

  Stop collect() {
    const bool resumed = page_.after.is_array() && page_.after.size() == 3;
    bool reached = !resumed;
    for (const EntitySchema* schema : EntitySchema::all()) {
      std::string afterId;
      if (!reached) {
        if (page_.after[0] != schema->kind()) continue;
        reached = true;
        afterId = page_.after[1].get<std::string>();
        auto doc = context_.store().get(schema->kind(), afterId);
        if (!doc.ok()) return storeFailed(doc.error());
        if (doc->has_value()) addTags(*schema, **doc, page_.after[2].get<std::string>());
      }
      if (Stop stop = collectKind(*schema, afterId)) return stop;
      if (more_) break;
    }
    return {};
  }

  Json body(const std::string& path, const std::string& rest) {
    Json last;
    if (more_) {
      const Json& row = rows_.back();
      last = Json::array({row["entity_name"], row["entity_id"], row["tag"]});
    }
    return pageBody(std::move(rows_), last, path, rest);
  }

 private:
  Stop collectKind(const EntitySchema& schema, std::string afterId) {
    store::ListQuery query;
    query.limit = kRowsAtOnce;
    query.anyTag = true;
    query.afterId = std::move(afterId);
    if (!only_.empty()) query.tags = {only_};
    while (!more_) {
      auto docs = context_.store().list(schema.kind(), query);
      if (!docs.ok()) return storeFailed(docs.error());
      for (const auto& doc : *docs) addTags(schema, doc, "");
      if (docs->size() < query.limit) break;
      query.afterId = docs->back()["id"].get<std::string>();
    }
    return {};
  }

  /// The tags of one entity behind `after`.
  void addTags(const EntitySchema& schema, const Json& doc, const std::string& after) {
    auto tags = doc.find("tags");
    if (tags == doc.end() || !tags->is_array()) return;
    bool reached = after.empty();
    for (const auto& tag : *tags) {
      if (more_) return;
      if (reached && (only_.empty() || tag == only_)) {
        more_ = rows_.size() == page_.size;
        if (more_) return;
        rows_.push_back(
            {{"tag", tag}, {"entity_name", schema.kind()}, {"entity_id", doc.at("id")}});
      }
      reached = reached || tag == after;
    }
  }

  ApiContext& context_;
  const Page& page_;
  const std::string& only_;
  Json rows_ = Json::array();
  bool more_ = false;
};

Reply listTags(ApiContext& context, Call& call, const std::string& only, const std::string& path) {
  Page page;
  if (Stop stop = readPage(call.query, page)) return std::move(*stop);
  TagPage rows(context, page, only);
  if (Stop stop = rows.collect()) return std::move(*stop);
  const bool keepSize = only.empty() && !page.sizeText.empty();
  return Reply::of(200, rows.body(path, keepSize ? "&size=" + encodeQuery(page.sizeText) : ""));
}

Reply oneTag(ApiContext& context, Call& call) {
  const std::string& tag = call.params[0];
  const EntitySchema* services = EntitySchema::find("services");
  std::string problem = services ? services->checkField("tags", Json::array({tag})) : "";
  if (!problem.empty()) {
    const Json list = Json::parse(problem, nullptr, false);
    if (list.is_array() && !list.empty() && list[0].is_string())
      problem = list[0].get<std::string>();
    return failure(400, 10, "invalid unique tag", problem, nullptr);
  }
  return listTags(context, call, tag, "/tags/" + call.rawParams[0]);
}

}  // namespace

void addTagEndpoints(Paths& paths, ApiContext& context) {
  paths.add("/tags",
            {{"GET", [&context](Call& call) { return listTags(context, call, "", "/tags"); }},
             {"POST", [](Call& call) { return violation(schema::checkTags(call.body)); }}});
  paths.add("/tags/{tags}", {{"GET", [&context](Call& call) { return oneTag(context, call); }}});
}

}  // namespace tollgate::admin
