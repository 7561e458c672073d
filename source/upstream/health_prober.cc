#include "source/upstream/health_prober.h"

namespace tollgate::upstream {

bool isProbed(const ClusterSpec& spec) {
  return spec.probes() && spec.active.type != ActiveChecks::Type::kTcp;
}

HealthProber::~HealthProber() {
  for (auto& [probe, owned] : running_) {
    probe->abandon();
    loop_.deferDelete(std::move(owned));
  }
}

void HealthProber::arm(event::Timer& timer, std::chrono::milliseconds before,
                       std::chrono::milliseconds now) {
  if (now.count() <= 0) return event::EventLoop::cancel(timer);
  if (before != now || !timer.armed()) loop_.arm(timer, now);
}

void HealthProber::use(std::shared_ptr<const Cluster> cluster) {
  std::chrono::milliseconds healthy{0}, unhealthy{0};
  if (cluster_ != nullptr) {
    healthy = cluster_->spec().active.healthyInterval;
    unhealthy = cluster_->spec().active.unhealthyInterval;
    for (uint32_t member : waiting_) busy_.erase(cluster_->members()[member].endpoint.get());
    waiting_.clear();  // they are numbers of the former version
  }
  cluster_ = std::move(cluster);
  arm(healthyTimer_, healthy, cluster_->spec().active.healthyInterval);
  arm(unhealthyTimer_, unhealthy, cluster_->spec().active.unhealthyInterval);
}

void HealthProber::due(bool healthy, event::Timer& timer, std::chrono::milliseconds interval) {
  loop_.arm(timer, interval);
  for (uint32_t i = 0; i < cluster_->members().size(); ++i) {
    const Member& member = cluster_->members()[i];
    if (member.weight == 0 || member.resolveAlways) continue;
    if (member.endpoint->health.healthy() != healthy) continue;
    if (busy_.insert(member.endpoint.get()).second) waiting_.push_back(i);
  }
  startNext();
}

void HealthProber::startNext() {
  if (starting_) return;  // a probe that fails at once must not start the next one from within
  starting_ = true;
  while (!waiting_.empty() && running_.size() < cluster_->spec().active.concurrency) {
    auto probe = std::make_unique<Probe>(loop_, slabs_, rules_, tls_, cluster_, waiting_.front(),
                                         [this](Probe& over) { done(over); });
    waiting_.pop_front();
    Probe* raw = probe.get();
    running_.emplace(raw, std::move(probe));
    raw->start();
  }
  starting_ = false;
}

void HealthProber::done(Probe& probe) {
  busy_.erase(probe.endpoint());
  auto found = running_.find(&probe);
  loop_.deferDelete(std::move(found->second));
  running_.erase(found);
  startNext();
}

}  // namespace tollgate::upstream
