#include "source/config/compiled_routes.h"

#include <algorithm>
#include <utility>

#include "source/config/document.h"
#include "source/config/unserved.h"
#include "source/proxy/snapshot.h"

namespace tollgate::config {
namespace {

route::RouteSpec specOf(const std::string& id, const Json& doc) {
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
  return spec;
}

}  // namespace

void CompiledRoutes::put(const std::string& id, const Json& doc) {
  problems_.clear(id);
  auto [place, fresh] = routes_.try_emplace(id);
  Record& record = place->second;
  if (fresh) {
    record.id = &place->first;
    record.number = numbers_.hold(id);
  }
  setInTable(record, false);
  const std::string serviceId = referenceOf(doc, "service");
  const bool moved = serviceId != serviceIdOf(record);
  if (moved) {
    unbind(record);
    bind(record, serviceId);
  }
  if (fresh || moved) rebound_.push_back(id);
  record.rule = compile(record, doc);
  setInTable(record, record.service == 0 || services_.serving(record.service));
}

void CompiledRoutes::remove(const std::string& id) {
  auto found = routes_.find(id);
  if (found == routes_.end()) return;
  problems_.clear(id);
  setInTable(found->second, false);
  unbind(found->second);
  numbers_.release(id);
  routes_.erase(found);
}

void CompiledRoutes::followServices() {
  for (uint32_t service : services_.takeSwitched()) {
    if (service >= byService_.size()) continue;
    for (Record* each = byService_[service]; each != nullptr; each = each->next) {
      setInTable(*each, services_.serving(service));
    }
  }
}

const std::string& CompiledRoutes::serviceIdOf(const Record& record) {
  static const std::string kNone;
  return record.serviceId != nullptr ? *record.serviceId : kNone;
}

const std::string& CompiledRoutes::serviceIdOf(const std::string& routeId) const {
  auto found = routes_.find(routeId);
  static const Record kNoRecord;
  return serviceIdOf(found != routes_.end() ? found->second : kNoRecord);
}

void CompiledRoutes::bind(Record& record, const std::string& serviceId) {
  if (serviceId.empty()) return;
  record.service = services_.numbers().hold(serviceId);
  record.serviceId = services_.numbers().held(serviceId);
  if (record.service >= byService_.size()) byService_.resize(record.service + 1);
  record.next = byService_[record.service];
  if (record.next != nullptr) record.next->previous = &record;
  byService_[record.service] = &record;
}

void CompiledRoutes::unbind(Record& record) {
  if (record.service == 0) return;
  (record.previous != nullptr ? record.previous->next : byService_[record.service]) = record.next;
  if (record.next != nullptr) record.next->previous = record.previous;
  record.previous = record.next = nullptr;
  services_.numbers().release(*std::exchange(record.serviceId, nullptr));
  record.service = 0;
}

void CompiledRoutes::setInTable(Record& record, bool wanted) {
  wanted = wanted && record.rule;
  if (record.inTable == wanted) return;
  record.inTable = wanted;
  wanted ? table_.insert(record.rule) : table_.erase(record.rule);
}

route::CompiledRoutePtr CompiledRoutes::compile(const Record& record, const Json& doc) {
  std::vector<std::string> protocols = listOf(doc, "protocols");
  auto has = [&](const char* protocol) {
    return std::find(protocols.begin(), protocols.end(), protocol) != protocols.end();
  };
  if (std::string what = unserved("routes", doc); !what.empty()) {
    problems_.add(*record.id, Error::invalid(std::move(what), "route " + *record.id));
  }
  bool web = has("http") || has("https");
  bool grpc = has("grpc") || has("grpcs");
  if (!web && !grpc) return {};  // stream routes have no HTTP
  auto route = std::make_shared<proxy::Route>();
  route->id = *record.id;
  route->name = textOf(doc, "name");
  if (keepsRecords_) route->record = recordOf(doc);
  route->number = record.number;
  route->service = record.service;
  route->httpsOnly = web && !has("http");
  route->grpc = grpc;
  route->grpcSecureOnly = grpc && !has("grpc");
  route->redirectStatus = static_cast<uint16_t>(numberOf(doc, "https_redirect_status_code", 426));
  route->stripPath = flagOf(doc, "strip_path", true);
  route->preserveHost = flagOf(doc, "preserve_host", false);
  route::RouteSpec spec = specOf(*record.id, doc);
  spec.payload = route.get();
  spec.owner = std::move(route);
  std::vector<Error> problems;
  auto rule = route::RouteTable::compile(std::move(spec), &problems);
  for (Error& problem : problems) problems_.add(*record.id, std::move(problem));
  return rule;
}

}  // namespace tollgate::config
