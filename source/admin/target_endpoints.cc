#include "source/admin/target_endpoints.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "source/admin/body.h"
#include "source/admin/entity_access.h"
#include "source/admin/errors.h"
#include "source/admin/paging.h"
#include "source/schema/host_rules.h"

namespace tollgate::admin {
namespace {

const EntitySchema& upstreams() { return *EntitySchema::find("upstreams"); }
const EntitySchema& targets() { return *EntitySchema::find("targets"); }

/// Every target of an upstream, the newest first.
Stop newestFirst(ApiContext& context, const std::string& upstreamId, std::vector<Json>& out) {
  store::ListQuery query;
  query.limit = 1000;
  query.foreignField = "upstream";
  query.foreignId = upstreamId;
  while (true) {
    auto rows = context.store().list("targets", query);
    if (!rows) return storeFailed(rows.error());
    const bool last = rows->size() < query.limit;
    if (!last) query.afterId = rows->back()["id"].get<std::string>();
    std::move(rows->begin(), rows->end(), std::back_inserter(out));
    if (last) break;
  }
  auto age = [](const Json& row) {
    const auto& id = row.at("id").get_ref<const std::string&>();
    return std::pair(row.at("created_at").get<double>(), std::string_view(id));
  };
  std::sort(out.begin(), out.end(), [&](const Json& a, const Json& b) { return age(a) > age(b); });
  return {};
}

/// One page of targets in that order; its offset is the number of those before it.
struct Slice {
  std::vector<Json> rows;
  size_t next = 0;  ///< The offset of the next page; 0 where there is none.
};

Stop slice(ApiContext& context, Call& call, const std::string& upstreamId, Slice& out) {
  Page page;
  if (Stop stop = readSize(call.query, page)) return stop;
  size_t offset = 0;
  if (auto text = queryValue(call.query, "offset")) {
    const char* end = text->data() + text->size();
    auto [stopped, error] = std::from_chars(text->data(), end, offset);
    if (error != std::errc() || stopped != end) {
      return failure(400, 7, "invalid offset",
                     "'" + *text + "' is not a valid offset: not a number", nullptr);
    }
  }
  std::vector<Json> all;
  if (Stop stop = newestFirst(context, upstreamId, all)) return stop;
  const size_t first = std::min(offset, all.size());
  const size_t last = std::min(first + page.size, all.size());
  if (last < all.size()) out.next = last;
  out.rows.assign(std::make_move_iterator(all.begin() + static_cast<ptrdiff_t>(first)),
                  std::make_move_iterator(all.begin() + static_cast<ptrdiff_t>(last)));
  return {};
}

Json sliceBody(Json data, const Slice& slice, const std::string& path) {
  Json body = {{"data", std::move(data)}, {"next", nullptr}};
  if (slice.next > 0) {
    const std::string offset = std::to_string(slice.next);
    body["next"] = path + "?offset=" + offset;
    body["offset"] = offset;
  }
  return body;
}

/// How the health of a target or an address is called.
const char* stateName(bool checked, bool healthy) {
  if (!checked) return "HEALTHCHECKS_OFF";
  return healthy ? "HEALTHY" : "UNHEALTHY";
}

uint64_t sumOf(const UpstreamHealth::Target& target, bool onlyHealthy) {
  uint64_t sum = 0;
  for (const auto& address : target.addresses) {
    if (address.healthy || !onlyHealthy) sum += address.weight;
  }
  return sum;
}

Json weights(uint64_t total, uint64_t available) {
  return {{"total", total}, {"available", available}, {"unavailable", total - available}};
}

bool anyHealthy(const UpstreamHealth::Target& target) {
  return std::any_of(target.addresses.begin(), target.addresses.end(),
                     [](const auto& address) { return address.healthy; });
}

/// The balancer's view of one target; each address says its health as a word or as "healthy".
Json hostBody(const Json& doc, const UpstreamHealth::Target& target, bool checked, bool words) {
  const TargetParts parts = partsOf(doc.at("target").get<std::string>());
  Json addresses = Json::array();
  for (const auto& address : target.addresses) {
    Json& row = addresses.emplace_back();
    row = {{"ip", address.ip}, {"port", address.port}, {"weight", address.weight}};
    if (words) {
      row["health"] = stateName(checked, address.healthy);
    } else {
      row["healthy"] = address.healthy;
    }
  }
  return {{"host", parts.host},
          {"port", parts.port},
          {"dns", target.dns},
          {"nodeWeight", doc.at("weight")},
          {"weight", weights(sumOf(target, false), sumOf(target, true))},
          {"addresses", std::move(addresses)}};
}

const char* targetState(const Json& doc, const UpstreamHealth::Target& target, bool checked) {
  if (target.addresses.empty()) return "DNS_ERROR";
  return stateName(checked && doc.at("weight") != 0, anyHealthy(target));
}

class Targets {
 public:
  explicit Targets(ApiContext& context) : context_(context), access_(context) {}

  Reply list(Call& call) {
    Json upstream;
    Slice page;
    if (Stop stop = readUpstream(call, upstream)) return std::move(*stop);
    if (Stop stop = slice(context_, call, idOf(upstream), page)) return std::move(*stop);
    Json data = Json::array();
    for (const Json& row : page.rows) data.push_back(targets().print(row, call.now));
    return Reply::of(200, sliceBody(std::move(data), page, pathOf(call) + "/targets"));
  }

  Reply all(Call& call) {
    Json upstream;
    if (Stop stop = readUpstream(call, upstream)) return std::move(*stop);
    store::ListQuery query;
    query.foreignField = "upstream";
    query.foreignId = idOf(upstream);
    return access_.list(targets(), call, query, pathOf(call) + "/targets/all", false);
  }

  /// No upsert: a target is changed, and has to be there.
  Reply put(Call& call) {
    Json upstream, target;
    EntityKey key;
    if (Stop stop = readTarget(call, upstream, key, target)) return std::move(*stop);
    return access_.patch(targets(), call, target, key);
  }

  Reply health(Call& call) {
    Json upstream;
    if (Stop stop = readUpstream(call, upstream)) return std::move(*stop);
    if (queryValue(call.query, "balancer_health") == "1") return balancerHealth(upstream);
    Slice page;
    if (Stop stop = slice(context_, call, idOf(upstream), page)) return std::move(*stop);
    const auto state = context_.upstreamHealth().query(upstream, page.rows);
    Json data = Json::array();
    for (size_t i = 0; i < page.rows.size() && i < state.targets.size(); ++i) {
      Json row = targets().print(page.rows[i], call.now);
      row["health"] = targetState(page.rows[i], state.targets[i], state.checked);
      row["data"] = hostBody(page.rows[i], state.targets[i], state.checked, true);
      data.push_back(std::move(row));
    }
    Json body = sliceBody(std::move(data), page, pathOf(call) + "/health");
    body["node_id"] = context_.node().nodeId;
    return Reply::of(200, std::move(body));
  }

  Reply mark(Call& call, bool healthy) {
    Json upstream, target;
    EntityKey key;
    if (Stop stop = readTarget(call, upstream, key, target)) return std::move(*stop);
    std::string address;
    if (call.params.size() > 2) {
      auto normal = schema::normalizeTarget(call.params[2]);
      if (!normal) return message(400, "invalid address: " + call.params[2]);
      address = std::move(*normal);
    }
    Status marked = context_.upstreamHealth().mark(upstream, target, address, healthy);
    return marked ? Reply::empty(204) : message(400, marked.error().message);
  }

 private:
  static std::string idOf(const Json& doc) { return doc.at("id").get<std::string>(); }
  static std::string pathOf(const Call& call) { return "/upstreams/" + call.rawParams[0]; }

  Stop readUpstream(Call& call, Json& upstream) {
    return access_.require(upstreams(), call.params[0], call.now, upstream);
  }

  Stop readTarget(Call& call, Json& upstream, EntityKey& key, Json& target) {
    if (Stop stop = readUpstream(call, upstream)) return stop;
    const Owner owner{"upstream", idOf(upstream)};
    if (Stop stop = access_.readKey(targets(), owner, call.params[1], key)) return stop;
    if (Stop stop = access_.require(targets(), key, call.now, target)) return stop;
    if (target.at("upstream") != Json{{"id", owner.id}}) return notFound();
    return {};
  }

  Reply balancerHealth(const Json& upstream) {
    std::vector<Json> rows;
    if (Stop stop = newestFirst(context_, idOf(upstream), rows)) return std::move(*stop);
    std::reverse(rows.begin(), rows.end());
    const auto state = context_.upstreamHealth().query(upstream, rows);
    Json hosts = Json::array();
    uint64_t total = 0, available = 0;
    for (size_t i = 0; i < rows.size() && i < state.targets.size(); ++i) {
      total += sumOf(state.targets[i], false);
      available += sumOf(state.targets[i], true);
      hosts.push_back(hostBody(rows[i], state.targets[i], state.checked, false));
    }
    return Reply::of(200, {{"data",
                            {{"id", idOf(upstream)},
                             {"health", stateName(state.checked, state.healthy)},
                             {"balancer_health", stateName(true, state.healthy)},
                             {"details",
                              {{"healthy", state.healthy},
                               {"weight", weights(total, available)},
                               {"hosts", std::move(hosts)}}}}},
                           {"next", nullptr},
                           {"node_id", context_.node().nodeId}});
  }

  ApiContext& context_;
  EntityAccess access_;
};

}  // namespace

void addTargetEndpoints(Paths& paths, ApiContext& context) {
  auto t = std::make_shared<Targets>(context);
  const std::string upstream = "/upstreams/{upstreams}", target = upstream + "/targets/{targets}";
  paths.add(upstream + "/targets", {{"GET", [t](Call& call) { return t->list(call); }}});
  paths.add(upstream + "/targets/all", {{"GET", [t](Call& call) { return t->all(call); }}});
  paths.add(upstream + "/health", {{"GET", [t](Call& call) { return t->health(call); }}});
  paths.add(target, {{"PUT", [t](Call& call) { return t->put(call); }}});
  for (const std::string& place : {target, target + "/{address}"}) {
    paths.add(place + "/healthy", {{"PUT", [t](Call& call) { return t->mark(call, true); }}});
    paths.add(place + "/unhealthy", {{"PUT", [t](Call& call) { return t->mark(call, false); }}});
  }
}

}  // namespace tollgate::admin
