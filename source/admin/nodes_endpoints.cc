#include "source/admin/nodes_endpoints.h"

#include <algorithm>

#include "source/admin/errors.h"
#include "source/admin/paging.h"

namespace tollgate::admin {
namespace {

using store::NodeRecord;

double seconds(int64_t millis) { return static_cast<double>(millis) / 1000; }

Json print(const NodeRecord& node, const std::string& self) {
  return {{"id", node.id},
          {"hostname", node.hostname},
          {"version", node.version},
          {"revision", node.revision},
          {"state", node.state},
          {"live", node.live},
          {"since", seconds(node.sinceMillis)},
          {"last_seen", seconds(node.seenMillis)},
          {"self", node.id == self}};
}

/// This node as it is now: its row, if any, may be a heartbeat old.
NodeRecord present(ApiContext& context) {
  NodeRecord node = context.self();
  node.live = true;
  node.seenMillis = static_cast<int64_t>(context.now() * 1000);
  return node;
}

/// Up to `limit` nodes after `afterId`.
Result<std::vector<NodeRecord>> nodesAfter(ApiContext& context, const std::string& afterId,
                                           size_t limit) {
  if (store::NodeRegistry* registry = context.store().nodes(); registry != nullptr) {
    return registry->list(afterId, limit, context.nodeLimits());
  }
  std::vector<NodeRecord> only;
  NodeRecord node = present(context);
  if (node.id > afterId) only.push_back(std::move(node));
  return only;
}

Reply listNodes(ApiContext& context, Call& call) {
  Page page;
  if (Stop stop = readPage(call.query, page)) return std::move(*stop);
  std::string afterId = page.after.is_array() ? page.after[0].get<std::string>() : "";
  auto nodes = nodesAfter(context, afterId, page.size + 1);
  if (!nodes) return storeFailed(nodes.error());
  const bool more = nodes->size() > page.size;
  if (more) nodes->resize(page.size);
  const std::string self = context.self().id;
  Json data = Json::array();
  for (const NodeRecord& node : *nodes) data.push_back(print(node, self));
  Json last = more ? Json::array({nodes->back().id}) : Json();
  std::string rest = page.sizeText.empty() ? "" : "&size=" + encodeQuery(page.sizeText);
  return Reply::of(200, pageBody(std::move(data), last, "/nodes", rest));
}

/// By id, or "self".
Reply oneNode(ApiContext& context, Call& call) {
  const std::string self = context.self().id;
  std::string id = call.params[0] == "self" ? self : call.params[0];
  std::transform(id.begin(), id.end(), id.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // The registry lists what comes after an id; just before this one there is no other.
  std::string before = id;
  if (!before.empty()) before.pop_back();
  while (true) {
    auto nodes = nodesAfter(context, before, 100);
    if (!nodes) return storeFailed(nodes.error());
    for (const NodeRecord& node : *nodes) {
      if (node.id == id) return Reply::of(200, print(node, self));
    }
    if (nodes->empty() || nodes->back().id > id) return notFound();
    before = nodes->back().id;
  }
}

}  // namespace

void addNodesEndpoints(Paths& paths, ApiContext& context) {
  paths.add("/nodes", {{"GET", [&context](Call& call) { return listNodes(context, call); }}});
  paths.add("/nodes/{nodes}", {{"GET", [&context](Call& call) { return oneNode(context, call); }}});
}

}  // namespace tollgate::admin
