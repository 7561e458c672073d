#include "source/config/snapshot_compiler.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/config/document.h"
#include "source/schema/message.h"

namespace tollgate::config {
namespace {

using schema::Json;

int64_t numberOf(const Json& doc, const char* field, int64_t fallback) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_number() ? found->get<int64_t>() : fallback;
}

bool flagOf(const Json& doc, const char* field, bool fallback) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

std::vector<std::string> listOf(const Json& doc, const char* field) {
  std::vector<std::string> out;
  auto found = doc.find(field);
  if (found == doc.end() || !found->is_array()) return out;
  for (const Json& item : *found) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

/// By what the directory knows a key that a store keeps as `stored`; "" where nobody can have it.
std::string indexOf(const KeyLookup* lookup, std::string stored) {
  if (lookup == nullptr || stored.empty()) return stored;
  auto digest = lookup->credentials().lookupDigestOf(stored);
  return digest ? std::string(digest->begin(), digest->end()) : std::string();
}

/// Kong's order of precedence of the scopes, 1 the most specific; 0 if it does not apply.
int precedence(bool route, bool service, bool consumer) {
  if (consumer) {
    if (route && service) return 1;
    if (route) return 2;
    return service ? 3 : 5;
  }
  if (route && service) return 4;
  if (route) return 6;
  return service ? 7 : 8;
}

}  // namespace

/// What one compilation gathers.
struct SnapshotCompiler::Build {
  std::shared_ptr<proxy::Snapshot> snapshot = std::make_shared<proxy::Snapshot>();
  std::shared_ptr<SnapshotDirectory> directory;
  std::vector<route::RouteSpec> specs;
  std::vector<const Plugin*> global;
  std::map<std::string, std::vector<const Plugin*>> byRoute, byService;
  /// Plans are shared by all routes for which the same plugins apply.
  std::map<std::vector<const Plugin*>, std::shared_ptr<const http::FilterPlan>> plans;
};

void SnapshotCompiler::clear() {
  certificates_.clear();
  services_.clear();
  serviceEnabled_.clear();
  routes_.clear();
  consumers_.clear();
  plugins_.clear();
  keys_.clear();
  entityErrors_.clear();
}

size_t SnapshotCompiler::entities() const {
  return services_.size() + routes_.size() + consumers_.size() + plugins_.size() + keys_.size() +
         certificates_.entities();
}

std::vector<std::string> SnapshotCompiler::expiredKeys(int64_t now) const {
  std::vector<std::string> out;
  for (const auto& [id, doc] : keys_) {
    int64_t end = numberOf(doc, "ttl_expires_at", 0);
    if (end > 0 && end <= now) out.push_back(id);
  }
  return out;
}

void SnapshotCompiler::apply(const store::Change& change) {
  bool gone = change.op == store::Change::Op::kDelete;
  const std::string& id = change.id;
  if (change.kind == "services") {
    services_.erase(id);
    serviceEnabled_.erase(id);
    entityErrors_.erase(id);
    certificates_.forgetService(id);
    if (gone) return;
    certificates_.noteService(id, change.doc);
    services_[id] = compileService(change.doc);
    serviceEnabled_[id] = flagOf(change.doc, "enabled", true);
  } else if (change.kind == "routes") {
    routes_.erase(id);
    if (!gone) routes_[id] = change.doc;
  } else if (change.kind == "consumers") {
    consumers_.erase(id);
    if (gone) return;
    auto consumer = std::make_shared<http::Consumer>();
    consumer->id = id;
    consumer->username = textOf(change.doc, "username");
    consumer->customId = textOf(change.doc, "custom_id");
    consumers_[id] = std::move(consumer);
  } else if (change.kind == "plugins") {
    plugins_.erase(id);
    entityErrors_.erase(id);
    if (!gone) putPlugin(id, change.doc);
  } else if (change.kind == "keyauth_credentials") {
    keys_.erase(id);
    if (!gone) keys_[id] = change.doc;
  } else if (CompiledCertificates::concerns(change.kind)) {
    putCertificate(change);
  }
}

void SnapshotCompiler::putCertificate(const store::Change& change) {
  certificates_.apply(change);
  for (const Json& service : certificates_.servicesUsing(change)) {
    const std::string id = textOf(service, "id");
    entityErrors_.erase(id);
    services_[id] = compileService(service);
  }
}

std::shared_ptr<const upstream::Service> SnapshotCompiler::compileService(const Json& doc) {
  auto service = std::make_shared<upstream::Service>();
  service->id = textOf(doc, "id");
  service->name = textOf(doc, "name");
  service->protocol = textOf(doc, "protocol");
  service->host = textOf(doc, "host");
  service->port = static_cast<uint16_t>(numberOf(doc, "port", 80));
  service->path = textOf(doc, "path");
  service->retries = static_cast<int>(numberOf(doc, "retries", 5));
  service->connectTimeout = std::chrono::milliseconds(numberOf(doc, "connect_timeout", 60000));
  service->writeTimeout = std::chrono::milliseconds(numberOf(doc, "write_timeout", 60000));
  service->readTimeout = std::chrono::milliseconds(numberOf(doc, "read_timeout", 60000));
  service->tls = service->protocol == "https" || service->protocol == "grpcs";
  auto literal = net::Address::parse(service->host, service->port);
  if (literal) service->literal = *literal;
  bool bracket = literal && literal->family() == AF_INET6 && service->host.front() != '[';
  service->hostHeader = bracket ? "[" + service->host + "]" : service->host;
  bool usual = service->port == (service->tls ? 443 : 80);
  if (!usual) service->hostHeader += ":" + std::to_string(service->port);
  if (service->tls && upstreamTls_) {
    auto context = upstreamTls_(doc, certificates_);
    if (context) {
      service->tlsContext = std::move(context).value();
    } else {
      entityErrors_.emplace(service->id,
                            Error::invalid(context.error().text(), "service " + service->id));
    }
  }
  // Connections made with another context (another client certificate) are not to be used. They
  // keep their context alive, so that its address stands for it.
  service->poolKey = service->tls ? fmt::format("tls|{}|{}|", service->id,
                                                static_cast<const void*>(service->tlsContext.get()))
                                  : "tcp|";
  return service;
}

void SnapshotCompiler::putPlugin(const std::string& id, const Json& doc) {
  Plugin plugin;
  plugin.name = textOf(doc, "name");
  plugin.enabled = flagOf(doc, "enabled", true);
  plugin.routeId = referenceOf(doc, "route");
  plugin.serviceId = referenceOf(doc, "service");
  plugin.consumerId = referenceOf(doc, "consumer");
  std::string place = "plugin " + id + " (" + plugin.name + ")";
  const http::HttpFilterFactory* factory = http::HttpFilterRegistry::find(plugin.name);
  if (factory == nullptr) {
    entityErrors_.emplace(id, Error::invalid("no filter of that name in this build", place));
    return;
  }
  auto config = factory->newConfig();
  auto json = doc.find("config");
  Status filled = schema::fillMessage(json != doc.end() ? *json : Json::object(), *config);
  if (!filled) {
    entityErrors_.emplace(id, Error::invalid(filled.error().message, place));
    return;
  }
  http::FilterContext context;
  context.routeId = plugin.routeId;
  context.serviceId = plugin.serviceId;
  context.consumerId = plugin.consumerId;
  context.counters = counters_;
  context.tls = filterTls_;
  auto filter = factory->create(*config, context);
  if (!filter) {
    entityErrors_.emplace(id, Error::invalid(filter.error().message, place));
    return;
  }
  plugin.filter = std::move(filter).value();
  plugin.priority = factory->priority();
  plugins_.emplace(id, std::move(plugin));
}

std::shared_ptr<const http::FilterPlan> SnapshotCompiler::planFor(
    Build& build, const std::string& routeId, const std::string& serviceId) const {
  std::vector<const Plugin*> applying = build.global;
  auto add = [&](const auto& map, const std::string& id) {
    auto found = map.find(id);
    if (!id.empty() && found != map.end()) {
      applying.insert(applying.end(), found->second.begin(), found->second.end());
    }
  };
  add(build.byRoute, routeId);
  add(build.byService, serviceId);
  std::erase_if(applying, [&](const Plugin* plugin) {
    return (!plugin->routeId.empty() && plugin->routeId != routeId) ||
           (!plugin->serviceId.empty() && plugin->serviceId != serviceId);
  });
  std::sort(applying.begin(), applying.end(), [](const Plugin* a, const Plugin* b) {
    if (a->priority != b->priority) return a->priority > b->priority;
    if (a->name != b->name) return a->name > b->name;
    return a < b;
  });
  applying.erase(std::unique(applying.begin(), applying.end()), applying.end());
  auto& plan = build.plans[applying];
  if (plan != nullptr) return plan;

  auto fresh = std::make_shared<http::FilterPlan>();
  struct Chosen {
    int fallback = 99;
    std::map<const http::Consumer*, int> variants;
  } chosen;
  auto settle = [&] {
    if (fresh->entries.empty()) return;
    // A consumer's configuration wins only where it is more specific than the one for everybody.
    http::PlanEntry& entry = fresh->entries.back();
    for (const auto& [consumer, rank] : chosen.variants) {
      if (rank > chosen.fallback) entry.variants.erase(consumer);
    }
    chosen = {};
  };
  for (const Plugin* plugin : applying) {
    if (fresh->entries.empty() || fresh->entries.back().name != plugin->name) {
      settle();
      fresh->entries.emplace_back().name = plugin->name;
    }
    http::PlanEntry& entry = fresh->entries.back();
    int rank = precedence(!plugin->routeId.empty(), !plugin->serviceId.empty(),
                          !plugin->consumerId.empty());
    if (plugin->consumerId.empty()) {
      if (rank < chosen.fallback) {
        chosen.fallback = rank;
        entry.fallback = plugin->filter.get();
      }
      continue;
    }
    const http::Consumer* consumer = build.directory->findConsumerById(plugin->consumerId);
    if (consumer == nullptr) continue;
    auto [it, added] = chosen.variants.emplace(consumer, rank);
    if (added || rank < it->second) {
      it->second = rank;
      entry.variants[consumer] = plugin->filter.get();
    }
  }
  settle();
  fresh->finish();
  plan = fresh;
  return plan;
}

void SnapshotCompiler::addRoute(Build& build, const std::string& id, const Json& doc) {
  std::string serviceId = referenceOf(doc, "service");
  std::shared_ptr<const upstream::Service> service;
  if (!serviceId.empty()) {
    auto found = services_.find(serviceId);
    if (found == services_.end() || !serviceEnabled_[serviceId]) return;
    service = found->second;
  }
  std::vector<std::string> protocols = listOf(doc, "protocols");
  auto has = [&](const char* protocol) {
    return std::find(protocols.begin(), protocols.end(), protocol) != protocols.end();
  };
  bool web = has("http") || has("https");
  bool grpc = has("grpc") || has("grpcs");
  if (!web && !grpc) return;  // stream routes have no HTTP
  auto route = std::make_shared<proxy::Route>();
  route->id = id;
  route->name = textOf(doc, "name");
  route->service = service.get();
  route->httpsOnly = web && !has("http");
  route->grpc = grpc;
  route->grpcSecureOnly = grpc && !has("grpc");
  route->redirectStatus = static_cast<int>(numberOf(doc, "https_redirect_status_code", 426));
  route->stripPath = flagOf(doc, "strip_path", true);
  route->preserveHost = flagOf(doc, "preserve_host", false);
  auto plan = planFor(build, id, serviceId);
  route->plan = plan.get();

  route::RouteSpec spec;
  spec.id = id;
  spec.methods = listOf(doc, "methods");
  spec.hosts = listOf(doc, "hosts");
  spec.paths = listOf(doc, "paths");
  spec.snis = listOf(doc, "snis");
  spec.regexPriority = numberOf(doc, "regex_priority", 0);
  auto headers = doc.find("headers");
  if (headers != doc.end() && headers->is_object()) {
    for (auto it = headers->begin(); it != headers->end(); ++it) {
      spec.headers.emplace_back(it.key(), listOf(*headers, it.key().c_str()));
    }
  }
  spec.payload = route.get();
  build.specs.push_back(std::move(spec));
  build.snapshot->owned.push_back(std::move(route));
  if (service != nullptr) build.snapshot->owned.push_back(std::move(service));
}

std::shared_ptr<const proxy::Snapshot> SnapshotCompiler::compile(store::Revision revision) {
  Build build;
  build.directory = std::make_shared<SnapshotDirectory>(keyLookup_);
  problems_.clear();
  for (const auto& [id, error] : entityErrors_) problems_.push_back(error);
  for (const auto& [id, consumer] : consumers_) build.directory->add(consumer);
  for (const auto& [id, doc] : keys_) {
    http::KeyCredential credential;
    credential.id = id;
    credential.consumer = build.directory->findConsumerById(referenceOf(doc, "consumer"));
    credential.expiresAtUnix = numberOf(doc, "ttl_expires_at", 0);
    std::string key = indexOf(keyLookup_.get(), textOf(doc, "key"));
    if (credential.consumer != nullptr && !key.empty()) build.directory->add(key, credential);
  }
  for (const auto& [id, plugin] : plugins_) {
    build.snapshot->owned.push_back(plugin.filter);
    if (!plugin.enabled) continue;
    if (!plugin.routeId.empty()) {
      build.byRoute[plugin.routeId].push_back(&plugin);
    } else if (!plugin.serviceId.empty()) {
      build.byService[plugin.serviceId].push_back(&plugin);
    } else {
      build.global.push_back(&plugin);
    }
  }
  for (const auto& [id, doc] : routes_) addRoute(build, id, doc);
  build.snapshot->globalPlan = planFor(build, "", "");
  for (const auto& [plugins, plan] : build.plans) build.snapshot->owned.push_back(plan);
  build.snapshot->routes = route::RouteTable::build(std::move(build.specs), &problems_);
  build.snapshot->directory = std::move(build.directory);
  build.snapshot->certificates = certificates_.table();
  certificates_.addProblems(problems_);
  build.snapshot->revision = revision;
  return build.snapshot;
}

}  // namespace tollgate::config
