#include "source/config/snapshot_compiler.h"

#include <utility>

#include "source/config/compiled_consumers.h"
#include "source/config/compiled_credentials.h"
#include "source/config/compiled_groups.h"
#include "source/config/compiled_keys.h"
#include "source/config/compiled_listeners.h"
#include "source/config/compiled_plugins.h"
#include "source/config/compiled_routes.h"
#include "source/config/directory.h"
#include "source/config/served_certificates.h"
#include "source/config/vault_references.h"

namespace tollgate::config {

/// A kind comes after those that it refers to.
struct SnapshotCompiler::Kinds {
  Kinds(Problems& problems, const http::FilterContext& filters,
        std::shared_ptr<const KeyLookup> keyLookup, upstream::ClusterRegistry* clusters,
        const std::string& vaultPrefix)
      : references(problems, vaultPrefix),
        directory(std::move(keyLookup)),
        upstreams(clusters, certificates, problems),
        services(upstreams, certificates, problems),
        routes(services, problems),
        consumers(directory),
        keys(directory, consumers),
        groups(directory, consumers),
        plugins(services, routes, consumers, problems, filters),
        listeners(problems) {
    for (size_t kind = 0; kind < http::CredentialKinds::all().size(); ++kind) {
      credentials.push_back(std::make_unique<CompiledCredentials>(kind, directory, consumers));
      all.emplace_back(http::CredentialKinds::all()[kind].name, credentials.back().get());
    }
  }

  void keepRecords(bool keep) {
    recordsKept = keep;
    services.keepRecords(keep);
    routes.keepRecords(keep);
    consumers.keepRecords(keep);
  }

  bool recordsKept = true;
  VaultReferences references;
  SnapshotDirectory directory;
  OriginCertificates certificates;
  ServedCertificates served;
  CompiledUpstreams upstreams;
  CompiledServices services;
  CompiledRoutes routes;
  CompiledConsumers consumers;
  CompiledKeys keys;
  CompiledGroups groups;
  std::vector<std::unique_ptr<CompiledCredentials>> credentials;
  CompiledPlugins plugins;
  CompiledListeners listeners;

  /// Every kind by its name in the store.
  std::vector<std::pair<std::string_view, CompiledKind*>> all = {
      {"certificates", &certificates.certificates()},
      {"ca_certificates", &certificates.authorities()},
      {"upstreams", &upstreams},
      {"targets", &upstreams.targets()},
      {"services", &services},
      {"routes", &routes},
      {"consumers", &consumers},
      {"keyauth_credentials", &keys},
      {"acls", &groups},
      {"plugins", &plugins},
      {"listeners", &listeners}};
};

SnapshotCompiler::SnapshotCompiler(http::SharedCounters* counters) {
  filterContext_.counters = counters;
  clear();
}

SnapshotCompiler::~SnapshotCompiler() = default;

void SnapshotCompiler::setUpstreamTls(UpstreamTls make) {
  upstreamTls_ = std::move(make);
  clear();
}

void SnapshotCompiler::offerHttp2(bool offer) {
  offerHttp2_ = offer;
  clear();
}

void SnapshotCompiler::setFilterContext(http::FilterContext context) {
  filterContext_ = std::move(context);
  clear();
}

void SnapshotCompiler::setClusters(upstream::ClusterRegistry* registry) {
  clusters_ = registry;
  clear();
}

void SnapshotCompiler::setKeyLookup(std::shared_ptr<const KeyLookup> lookup) {
  keyLookup_ = std::move(lookup);
  clear();
}

void SnapshotCompiler::setVaultPrefix(std::string prefix) {
  vaultPrefix_ = std::move(prefix);
  clear();
}

void SnapshotCompiler::clear() {
  kinds_.reset();
  makeKinds();
}

void SnapshotCompiler::makeKinds() {
  ++generation_;
  problems_ = std::make_unique<Problems>();
  kinds_ = std::make_unique<Kinds>(*problems_, filterContext_, keyLookup_, clusters_, vaultPrefix_);
  kinds_->upstreams.setTls(upstreamTls_);
  kinds_->services.setUpstreamTls(upstreamTls_);
  kinds_->services.offerHttp2(offerHttp2_);
  kinds_->keepRecords(recordsWanted());
}

bool SnapshotCompiler::recordsWanted() const {
  return filterContext_.recordsWanted == nullptr || *filterContext_.recordsWanted;
}

bool SnapshotCompiler::lacksRecords() const { return !kinds_->recordsKept && recordsWanted(); }

void SnapshotCompiler::beginReload() {
  kindsBefore_ = std::move(kinds_);
  problemsBefore_ = std::move(problems_);
  makeKinds();
}

void SnapshotCompiler::endReload(bool keepNew) {
  if (!keepNew) {
    ++generation_;
    kinds_ = std::move(kindsBefore_);
    problems_ = std::move(problemsBefore_);
  }
  kindsBefore_.reset();
  problemsBefore_.reset();
}

size_t SnapshotCompiler::entities() const {
  size_t count = 0;
  for (const auto& [name, kind] : kinds_->all) count += kind->size();
  return count;
}

const CompiledListeners::Documents& SnapshotCompiler::listeners() const {
  return kinds_->listeners.documents();
}

uint64_t SnapshotCompiler::listenerChanges() const {
  return generation_ << 32 | kinds_->listeners.changes();
}

void SnapshotCompiler::setProblem(const std::string& id, std::optional<Error> problem) {
  problems_->clear(id);
  if (problem) problems_->add(id, std::move(*problem));
}

std::vector<std::string> SnapshotCompiler::expiredKeys(int64_t now) const {
  return kinds_->keys.expired(now);
}

void SnapshotCompiler::apply(const store::Change& change) {
  if (change.kind == "vaults") {
    for (const store::Change& again : kinds_->references.applyVault(change)) apply(again);
    return;
  }
  std::optional<Json> resolved = kinds_->references.resolve(change);
  if (!resolved) return applyResolved(change);
  applyResolved({change.op, change.kind, change.id, std::move(*resolved)});
}

void SnapshotCompiler::applyResolved(const store::Change& change) {
  if (ServedCertificates::concerns(change.kind)) {
    if (change.kind == "certificates") problems_->clear(change.id);
    kinds_->served.apply(change);
  }
  for (const auto& [name, kind] : kinds_->all) {
    if (name != change.kind) continue;
    if (change.op == store::Change::Op::kDelete) {
      kind->remove(change.id);
    } else {
      kind->put(change.id, change.doc);
    }
    return;
  }
}

void SnapshotCompiler::applyUnreadable(const store::Change& change) {
  if (change.kind == "plugins") kinds_->plugins.putUnreadable(change.id, change.doc);
}

std::shared_ptr<const proxy::Snapshot> SnapshotCompiler::compile(store::Revision revision) {
  const std::set<std::string> certificates = kinds_->certificates.takeChanged();
  kinds_->upstreams.publish(certificates);
  kinds_->services.follow(kinds_->upstreams.takeSwitched(), certificates);
  kinds_->routes.followServices();
  kinds_->plugins.settle();
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->revision = revision;
  snapshot->routes = std::make_shared<route::RouteTable>(kinds_->routes.settledTable());
  snapshot->services = kinds_->services.table();
  snapshot->routePlans = kinds_->plugins.routePlans();
  snapshot->servicePlans = kinds_->plugins.servicePlans();
  snapshot->certificates = kinds_->served.table(*problems_);
  snapshot->globalPlan = kinds_->plugins.globalPlan();
  snapshot->directory = kinds_->directory.published();
  return snapshot;
}

}  // namespace tollgate::config
