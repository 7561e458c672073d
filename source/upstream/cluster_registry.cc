#include "source/upstream/cluster_registry.h"

#include <algorithm>
#include <random>

namespace tollgate::upstream {
namespace {

net::Address literalOf(const TargetSpec& target) {
  auto parsed = net::Address::parse(target.host, target.port);
  return parsed ? *parsed : net::Address();
}

/// What is shown in the place of a record type for a name that is resolved for every request.
constexpr const char* kAlwaysResolved = "ttl=0, virtual SRV";

bool resolvedAlways(const net::NameRecords& records) {
  return !records.records.empty() && records.ttl.count() == 0;
}

}  // namespace

void ClusterRegistry::addWorker(event::EventLoop& loop, WorkerClusters& clusters) {
  std::lock_guard lock(mutex_);
  outlets_.push_back({&loop, &clusters});
  for (const auto& [name, entry] : entries_) {
    if (entry.cluster != nullptr) clusters.set(entry.handle->slot, entry.cluster, loop.now());
  }
}

void ClusterRegistry::setObserver(ClusterObserver& observer) {
  std::lock_guard lock(mutex_);
  observer_ = &observer;
  for (const auto& [name, state] : names_) observer.onNameWanted(name);
  for (const auto& [name, entry] : entries_) {
    entry.health->listener = &observer;
    if (entry.cluster != nullptr) observer.onCluster(entry.cluster);
  }
}

void ClusterRegistry::put(std::shared_ptr<const ClusterSpec> spec) {
  std::lock_guard lock(mutex_);
  auto [found, added] = entries_.try_emplace(spec->name);
  Entry& entry = found->second;
  if (added) {
    entry.handle = std::make_shared<ClusterHandle>();
    if (freeSlots_.empty()) {
      entry.handle->slot = nextSlot_++;
    } else {
      entry.handle->slot = freeSlots_.back();
      freeSlots_.pop_back();
    }
    entry.health = std::make_shared<HealthEpoch>();
    entry.health->listener = observer_;
  }
  wantNames(entry.spec.get(), spec.get());
  entry.spec = std::move(spec);
  rebuild(entry);
}

void ClusterRegistry::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found != entries_.end()) removeEntry(name, found->second);
}

void ClusterRegistry::keepOnly(const std::set<std::string>& names) {
  std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (!names.contains(name)) removeEntry(name, entry);
  }
}

void ClusterRegistry::removeEntry(const std::string& name, Entry& entry) {
  if (entry.spec == nullptr) return;
  wantNames(entry.spec.get(), nullptr);
  entry.spec = nullptr;
  entry.goneSince = event::Clock::now();
  retire(std::move(entry.cluster));
  entry.cluster = nullptr;
  markUnused(entry);
  publish(entry);
  if (observer_ != nullptr) observer_->onClusterGone(name);
  settled_.notify_all();
}

std::shared_ptr<const ClusterHandle> ClusterRegistry::find(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end() || found->second.spec == nullptr) return nullptr;
  return found->second.handle;
}

void ClusterRegistry::wantNames(const ClusterSpec* before, const ClusterSpec* after) {
  if (after != nullptr) {
    for (const TargetSpec& target : after->targets) {
      if (literalOf(target).valid()) continue;
      Name& name = names_[target.host];
      if (name.users.empty() && observer_ != nullptr) observer_->onNameWanted(target.host);
      ++name.users[after->name];
    }
  }
  if (before == nullptr) return;
  for (const TargetSpec& target : before->targets) {
    auto found = names_.find(target.host);
    if (found == names_.end()) continue;
    auto user = found->second.users.find(before->name);
    if (user != found->second.users.end() && --user->second == 0) found->second.users.erase(user);
    if (!found->second.users.empty()) continue;
    names_.erase(found);
    if (observer_ != nullptr) observer_->onNameUnwanted(target.host);
  }
}

void ClusterRegistry::onRecords(const std::string& name, net::NameRecords records) {
  std::lock_guard lock(mutex_);
  auto found = names_.find(name);
  if (found == names_.end()) return;
  found->second.records = std::move(records);
  for (const auto& [cluster, targets] : found->second.users) {
    auto entry = entries_.find(cluster);
    if (entry != entries_.end() && entry->second.spec != nullptr) rebuild(entry->second);
  }
}

std::shared_ptr<Endpoint> ClusterRegistry::endpointFor(Entry& entry, const net::Address& address,
                                                       const std::string& host, uint16_t port) {
  std::string key = address.valid() ? address.toString() : ":" + std::to_string(port);
  key += " " + host;
  Kept& kept = entry.endpoints[key];
  if (kept.endpoint == nullptr) {
    kept.endpoint = std::make_shared<Endpoint>(address, host, workers_);
  }
  return kept.endpoint;
}

/// Adds the members of one target to a version that is being made.
void ClusterRegistry::addTarget(Entry& entry, uint32_t index, Cluster::Parts& parts) {
  const TargetSpec& target = parts.spec->targets[index];
  TargetNames& names = parts.names.emplace_back();
  net::Address literal = literalOf(target);
  if (literal.valid()) {
    names.type = literal.family() == AF_INET6 ? "AAAA" : "A";
    auto endpoint = endpointFor(entry, literal, target.host, target.port);
    parts.members.push_back({std::move(endpoint), target.weight, index, false});
    return;
  }
  const std::optional<net::NameRecords>& records = names_[target.host].records;
  if (!records) {
    names.error = "not resolved yet";
    if (target.weight > 0) parts.settled = false;
    return;
  }
  names.error = records->error;
  if (resolvedAlways(*records)) {
    names.type = kAlwaysResolved;
    auto endpoint = endpointFor(entry, {}, target.host, target.port);
    parts.members.push_back({std::move(endpoint), target.weight, index, true});
    return;
  }
  names.type = textOf(records->type);
  std::vector<net::NameRecords::Record> sorted = records->records;
  // Servers rotate their answers: that alone is no change.
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.address.toString() < b.address.toString();
  });
  for (const net::NameRecords::Record& record : sorted) {
    net::Address address = record.address;
    if (address.port() == 0) address.setPort(target.port);
    const bool ownName = parts.spec->useSrvName && !record.srvName.empty();
    auto endpoint =
        endpointFor(entry, address, ownName ? record.srvName : target.host, address.port());
    uint32_t weight = record.weight > 0 && target.weight > 0 ? record.weight : target.weight;
    parts.members.push_back({std::move(endpoint), weight, index, false});
  }
}

/// Makes the entry's cluster anew if anything about it has changed, and publishes it.
void ClusterRegistry::rebuild(Entry& entry) {
  Cluster::Parts parts;
  parts.spec = entry.spec;
  parts.health = entry.health;
  for (uint32_t i = 0; i < entry.spec->targets.size(); ++i) addTarget(entry, i, parts);
  const Cluster* before = entry.cluster.get();
  if (before != nullptr && before->sharedSpec() == parts.spec &&
      before->members() == parts.members && before->names() == parts.names &&
      before->settled() == parts.settled) {
    return;
  }
  parts.seed = std::random_device()();
  retire(std::move(entry.cluster));
  entry.cluster = std::make_shared<const Cluster>(std::move(parts));
  markUnused(entry);
  publish(entry);
  if (observer_ != nullptr) observer_->onCluster(entry.cluster);
  if (entry.cluster->settled()) settled_.notify_all();
}

/// Notes since when endpoints are not listed any more.
void ClusterRegistry::markUnused(Entry& entry) {
  std::vector<const Endpoint*> used;
  if (entry.cluster != nullptr) {
    for (const Member& member : entry.cluster->members()) used.push_back(member.endpoint.get());
  }
  std::sort(used.begin(), used.end());
  for (auto& [key, kept] : entry.endpoints) {
    if (std::binary_search(used.begin(), used.end(), kept.endpoint.get())) {
      kept.unusedSince.reset();
    } else if (!kept.unusedSince) {
      kept.unusedSince = event::Clock::now();
    }
  }
}

void ClusterRegistry::publish(const Entry& entry) {
  for (const Outlet& outlet : outlets_) {
    outlet.loop->post([outlet, slot = entry.handle->slot, cluster = entry.cluster]() mutable {
      outlet.clusters->set(slot, std::move(cluster), outlet.loop->now());
    });
  }
}

void ClusterRegistry::retire(std::shared_ptr<const Cluster> cluster) {
  std::erase_if(retired_, [](const auto& old) { return old.use_count() == 1; });
  if (cluster != nullptr) retired_.push_back(std::move(cluster));
}

std::optional<ClusterHealth> ClusterRegistry::health(const std::string& name,
                                                     std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  auto current = [&]() -> const Cluster* {
    auto found = entries_.find(name);
    return found != entries_.end() ? found->second.cluster.get() : nullptr;
  };
  settled_.wait_for(lock, limit, [&] {
    const Cluster* cluster = current();
    return cluster == nullptr || cluster->settled();
  });
  const Cluster* cluster = current();
  if (cluster == nullptr) return std::nullopt;
  return describe(*cluster);
}

Status ClusterRegistry::setHealth(const std::string& name, const std::string& targetId,
                                  const std::string& address, bool healthy) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end() || found->second.cluster == nullptr) {
    return Error::notFound("Upstream " + name + " has no balancer");
  }
  const Cluster& cluster = *found->second.cluster;
  if (!cluster.healthChecks()) return Error::invalid("no healthchecker found for " + name);
  bool any = false;
  for (uint32_t i = 0; i < cluster.members().size(); ++i) {
    const Member& member = cluster.members()[i];
    if (cluster.spec().targets[member.target].id != targetId) continue;
    const std::string shown = shownAddress(cluster, i) + ":" + std::to_string(cluster.portOf(i));
    if (!address.empty() && address != shown) continue;
    cluster.setHealth(i, healthy);
    any = true;
  }
  return any ? Status() : Error::notFound("target " + targetId + " has no such address");
}

void ClusterRegistry::sweep(event::TimePoint now) {
  std::lock_guard lock(mutex_);
  retire(nullptr);
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    std::erase_if(entry.endpoints, [&](const auto& each) {
      return each.second.unusedSince && now - *each.second.unusedSince >= kKeep;
    });
    const bool over =
        entry.spec == nullptr && entry.handle.use_count() == 1 && now - entry.goneSince >= kKeep;
    if (over) freeSlots_.push_back(entry.handle->slot);
    it = over ? entries_.erase(it) : std::next(it);
  }
}

size_t ClusterRegistry::clusters() const {
  std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [name, entry] : entries_) count += entry.spec != nullptr ? 1 : 0;
  return count;
}

size_t ClusterRegistry::endpoints() const {
  std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [name, entry] : entries_) count += entry.endpoints.size();
  return count;
}

}  // namespace tollgate::upstream
