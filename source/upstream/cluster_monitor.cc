#include "source/upstream/cluster_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tollgate::upstream {
namespace {

constexpr std::chrono::seconds kSweepInterval{10};
constexpr std::chrono::milliseconds kLeastRetry{200};

}  // namespace

ClusterMonitor::ClusterMonitor(event::EventLoop& loop, ClusterRegistry& registry, Settings settings,
                               ProbeTls tls)
    : loop_(loop),
      registry_(registry),
      settings_(std::move(settings)),
      tls_(std::move(tls)),
      damper_(settings_.logInterval),
      lookup_(loop, settings_.resolver) {
  loop_.arm(sweepTimer_, kSweepInterval);
}

ClusterMonitor::~ClusterMonitor() = default;

void ClusterMonitor::onSweep() {
  registry_.sweep(loop_.now());
  loop_.arm(sweepTimer_, kSweepInterval);
}

void ClusterMonitor::onNameWanted(const std::string& name) {
  loop_.post([this, name] {
    auto& watched = watched_[name];
    if (watched != nullptr) return;
    watched = std::make_unique<Watched>(*this, name);
    watched->serial = ++serials_;
    lookUp(*watched);
  });
}

void ClusterMonitor::onNameUnwanted(const std::string& name) {
  loop_.post([this, name] { watched_.erase(name); });
}

void ClusterMonitor::lookUp(Watched& watched) {
  waiting_.emplace_back(watched.name, watched.serial);
  startLookups();
}

void ClusterMonitor::startLookups() {
  while (!waiting_.empty() && lookups_ < settings_.maxLookups) {
    auto [name, serial] = std::move(waiting_.front());
    waiting_.pop_front();
    auto found = watched_.find(name);
    if (found == watched_.end() || found->second->serial != serial) continue;
    ++lookups_;
    lookup_.start(name, found->second->last, [this, name = name, serial = serial](auto records) {
      // From the loop: an answer at once would have this function call itself for every name.
      loop_.post([this, name, serial, records = std::move(records)]() mutable {
        --lookups_;
        onAnswer(name, serial, std::move(records));
        startLookups();
      });
    });
  }
}

void ClusterMonitor::onAnswer(const std::string& name, uint64_t serial, net::NameRecords records) {
  auto found = watched_.find(name);
  if (found == watched_.end() || found->second->serial != serial) return;
  Watched& watched = *found->second;
  const event::TimePoint now = loop_.now();
  tell(name, records, std::exchange(watched.failing, !records.error.empty()));
  // A failure is remembered for as long as elsewhere; 0 must not have this ask without pause.
  const net::ResolverSettings& names = settings_.resolver;
  std::chrono::milliseconds next = std::max<std::chrono::milliseconds>(
      records.missing ? names.notFoundTtl : names.errorTtl, kLeastRetry);
  if (records.error.empty()) {
    watched.last = records.type;
    watched.goodUntil = now + records.ttl + settings_.resolver.staleTtl;
    next = records.ttl.count() > 0 ? records.ttl + settings_.grace : settings_.zeroTtlRetry;
  } else if (!records.missing && now < watched.goodUntil) {
    // The servers cannot be asked, which says nothing about the name: its last good answer stands.
    loop_.arm(watched, next);
    return;
  }
  loop_.arm(watched, next);
  registry_.onRecords(name, std::move(records));
}

/// A name without addresses is what nobody sees otherwise: requests are answered 503 for no target.
void ClusterMonitor::tell(const std::string& name, const net::NameRecords& records, bool before) {
  if (!settings_.log || (records.error.empty() && !before)) return;
  const auto left = damper_.admit(name + " " + records.error, loop_.now());
  if (!left) return;
  std::string_view what = "is resolved again";
  if (!records.error.empty()) what = records.error;
  settings_.log(fmt::format("the name {} of targets: {}{}", name, what, left->text()));
}

void ClusterMonitor::onCluster(std::shared_ptr<const Cluster> cluster) {
  loop_.post([this, cluster = std::move(cluster)]() mutable { probe(std::move(cluster)); });
}

void ClusterMonitor::probe(std::shared_ptr<const Cluster> cluster) {
  if (!isProbed(cluster->spec())) {
    probers_.erase(cluster->spec().name);
    return;
  }
  auto& prober = probers_[cluster->spec().name];
  if (prober == nullptr) prober = std::make_unique<HealthProber>(loop_, slabs_, probeRules_, tls_);
  prober->use(std::move(cluster));
}

void ClusterMonitor::onClusterGone(const std::string& name) {
  loop_.post([this, name] { probers_.erase(name); });
}

void ClusterMonitor::onHealthChange(const std::string& cluster, const Endpoint& endpoint,
                                    bool healthy) {
  if (!settings_.log) return;
  std::string address = endpoint.address().valid() ? endpoint.address().toString() : "";
  loop_.post(
      [this, text = fmt::format("upstream {}: {} ({}) is {}", cluster, endpoint.host(), address,
                                healthy ? "healthy" : "unhealthy")] { settings_.log(text); });
}

}  // namespace tollgate::upstream
