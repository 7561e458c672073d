#include "source/admin/node_endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "source/admin/body.h"
#include "source/admin/errors.h"
#include "source/admin/metrics_json.h"

namespace tollgate::admin {
namespace {

constexpr int kMaxScale = 10;
constexpr size_t kRowsAtOnce = 1000;

bool isSecret(const std::string& name) {
  static const std::set<std::string> kNames = {"pg_password",      "pg_ro_password",
                                               "proxy_server",     "declarative_config_string",
                                               "cluster_cert_key", "credential_secret"};
  return kNames.contains(name) || name.ends_with("_ssl_cert_key") || name == "ssl_cert_key";
}

Json masked(Json configuration) {
  if (!configuration.is_object()) return Json::object();
  for (auto& [name, value] : configuration.items()) {
    if (!value.is_null() && isSecret(name)) value = "******";
  }
  return configuration;
}

/// The distinct names of the plugins that are configured anywhere.
Stop namesInCluster(ApiContext& context, Json& names) {
  std::set<std::string> found;
  store::ListQuery query;
  query.limit = kRowsAtOnce;
  while (true) {
    auto rows = context.store().list("plugins", query);
    if (!rows.ok()) return storeFailed(rows.error());
    for (const auto& row : *rows) {
      const Json name = row.value("name", Json());
      if (name.is_string()) found.insert(name.get<std::string>());
    }
    if (rows->size() < query.limit) break;
    query.afterId = rows->back()["id"].get<std::string>();
  }
  names = Json::array();
  for (const auto& name : found) names.push_back(name);
  return {};
}

Json availablePlugins(ApiContext& context) {
  const auto enabled = context.enabledPlugins();
  Json out = Json::object();
  for (const auto& plugin : schema::pluginInfos()) {
    if (std::find(enabled.begin(), enabled.end(), plugin.name) == enabled.end()) continue;
    out[plugin.name] = {{"version", plugin.version}, {"priority", plugin.priority}};
  }
  return out;
}

Reply root(ApiContext& context) {
  Json inCluster;
  if (Stop stop = namesInCluster(context, inCluster)) return std::move(*stop);
  const NodeInfo node = context.node();
  return Reply::of(
      200,
      {{"tagline", "Welcome to kong"},
       {"version", node.version},
       {"edition", "community"},
       {"hostname", node.hostname},
       {"node_id", node.nodeId},
       {"lua_version", "none"},
       {"pids", {{"master", node.masterPid}, {"workers", node.workerPids}}},
       {"timers", {{"running", 0}, {"pending", 0}}},
       {"plugins",
        {{"available_on_server", availablePlugins(context)}, {"enabled_in_cluster", inCluster}}},
       {"configuration", masked(context.configuration())}});
}

/// How /status prints an amount of memory.
struct MemoryFormat {
  char unit = 'm';
  int scale = 2;

  Json print(uint64_t bytes) const {
    if (unit == 'b') return bytes;
    const double divisor = unit == 'k' ? 1024.0 : unit == 'm' ? 1048576.0 : 1073741824.0;
    return fmt::format("{:.{}f} {}iB", static_cast<double>(bytes) / divisor, scale,
                       static_cast<char>(std::toupper(unit)));
  }
};

Stop readMemoryFormat(std::string_view query, MemoryFormat& format) {
  if (auto unit = queryValue(query, "unit")) {
    const char c = unit->size() == 1 ? static_cast<char>(std::tolower((*unit)[0])) : '?';
    if (std::string_view("bkmg").find(c) == std::string_view::npos) {
      return message(400, "invalid unit '" + *unit + "' (expected 'k/K', 'm/M', or 'g/G')");
    }
    format.unit = c;
  }
  if (auto scale = queryValue(query, "scale")) {
    char* end = nullptr;
    const double value = std::strtod(scale->c_str(), &end);
    if (scale->empty() || *end != '\0' || !(value >= 0)) {
      return message(400, "scale must be equal or greater than 0");
    }
    format.scale = static_cast<int>(std::min<double>(value, kMaxScale));
  }
  return {};
}

Reply status(ApiContext& context, Call& call) {
  MemoryFormat format;
  if (Stop stop = readMemoryFormat(call.query, format)) return std::move(*stop);
  const MemoryUse memory = context.memory();
  Json workers = Json::array(), areas = Json::object();
  for (const auto& worker : memory.workers) {
    workers.push_back({{"pid", worker.pid}, {"http_allocated_gc", format.print(worker.bytes)}});
  }
  for (const auto& area : memory.areas) {
    areas[area.name] = {{"allocated_slabs", format.print(area.allocated)},
                        {"capacity", format.print(area.capacity)}};
  }
  const ServerCounters c = context.counters();
  Json body = {{"memory", {{"workers_lua_vms", workers}, {"lua_shared_dicts", areas}}},
               {"server",
                {{"connections_accepted", c.accepted},
                 {"connections_active", c.active},
                 {"connections_handled", c.handled},
                 {"connections_reading", c.reading},
                 {"connections_writing", c.writing},
                 {"connections_waiting", c.waiting},
                 {"total_requests", c.requests}}}};
  if (c.ended.any()) {
    body["connections_ended_by_limit"] = {{"ssl_handshake_timeout", c.ended.handshake},
                                          {"send_timeout", c.ended.send},
                                          {"lingering_time", c.ended.lingeringTime},
                                          {"lingering_bytes", c.ended.lingeringBytes}};
  }
  const Standing standing = context.standing();
  body["configuration"] = {{"revision", standing.revision},
                           {"problems", standing.problems},
                           {"problem_count", standing.problemCount}};
  if (context.store().name() != "off") {
    body["database"] = {{"reachable", context.store().reachable()}};
    if (!context.store().writable()) body["database"]["writable"] = false;
  } else {
    body["configuration_hash"] = context.configurationHash();
  }
  for (const DependencyInfo& each : context.dependencies()) {
    Json shown = {{"name", each.name},
                  {"state", !each.good   ? "failing"
                            : each.asked ? "good"
                                         : "not asked yet"},
                  {"failures", each.failures}};
    if (!each.good) {
      shown["reason"] = each.reason;
      shown["since"] = each.since;
    }
    body["dependencies"].push_back(std::move(shown));
  }
  if (std::string trouble = context.credentialTrouble(); !trouble.empty()) {
    body["credentials"] = {{"usable", false}, {"message", std::move(trouble)}};
  }
  body["metrics"] = metricsJson(context.metrics());
  if (standing.behind) {
    body["database"]["behind"] = true;
    body["database"]["revision"] = standing.storeRevision;
  }
  return Reply::of(200, std::move(body));
}

Reply setLogLevel(ApiContext& context, Call& call, bool wholeCluster) {
  const std::string& level = call.params[0];
  static const std::set<std::string> kLevels = {"debug", "info", "notice", "warn",
                                                "error", "crit", "alert",  "emerg"};
  if (!kLevels.contains(level)) return message(400, "unknown log level: " + level);
  uint64_t seconds = 60;
  const Json given = call.body.value("timeout", Json());
  if (given.is_number() || given.is_string()) {
    const double value = given.is_number() ? given.get<double>()
                                           : std::strtod(given.get<std::string>().c_str(), nullptr);
    if (!(value >= 0)) return message(400, "timeout must be greater than or equal to 0");
    seconds = static_cast<uint64_t>(std::min(value, 1e9));
  }
  if (context.store().name() == "off" && wholeCluster) {
    return message(405, "cannot change log level when not using a database");
  }
  if (context.logLevel() == level) return message(200, "log level is already " + level);
  if (!context.setLogLevel(level, seconds, wholeCluster)) return unexpected();
  return message(200, "log level changed");
}

Reply onlyControlPlane(Call&) {
  return message(
      400,
      "this endpoint is only available when Kong is configured to run as Control Plane for "
      "the cluster");
}

Reply noContent(Call&) { return Reply::empty(204); }

}  // namespace

void addNodeEndpoints(Paths& paths, ApiContext& context) {
  ApiContext* c = &context;
  const Paths* all = &paths;
  paths.add("/", {{"GET", [c](Call&) { return root(*c); }}});
  paths.add("/status", {{"GET", [c](Call& call) { return status(*c, call); }}});
  paths.add(
      "/status/dns",
      {{"GET", [](Call&) { return message(501, "not implemented with the legacy DNS client"); }}});
  paths.add("/endpoints", {{"GET", [all](Call&) {
                              return Reply::of(200, {{"data", all->patterns()}});
                            }}});
  paths.add("/plugins/enabled",
            {{"GET", [c](Call&) {
                return Reply::of(200, {{"enabled_plugins", c->enabledPlugins()}});
              }}});
  paths.add("/timers", {{"GET", [c](Call&) {
                           return Reply::of(
                               200,
                               {{"worker", {{"id", 0}, {"count", c->node().workerPids.size()}}},
                                {"stats", Json::object()}});
                         }}});
  paths.add("/cache", {{"DELETE", noContent}});
  paths.add("/cache/{key}", {{"GET", [](Call&) { return notFound(); }}, {"DELETE", noContent}});
  paths.add("/clustering/data-planes", {{"GET", onlyControlPlane}});
  paths.add("/clustering/status", {{"GET", onlyControlPlane}});
  paths.add("/debug/node/log-level",
            {{"GET", [c](Call&) { return message(200, "log level: " + c->logLevel()); }}});
  paths.add("/debug/node/log-level/{log_level}",
            {{"PUT", [c](Call& call) { return setLogLevel(*c, call, false); }}});
  paths.add("/debug/cluster/log-level/{log_level}",
            {{"PUT", [c](Call& call) { return setLogLevel(*c, call, true); }}});
}

}  // namespace tollgate::admin
