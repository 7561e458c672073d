#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "source/config/compiled_kind.h"
#include "source/upstream/cluster_registry.h"

namespace tollgate::config {

/// What an upstream's document says, without its targets.
upstream::ClusterSpec clusterSpecOf(const schema::Json& doc);

/// Upstreams with their targets, as specifications of clusters. publish() hands those that changed
/// to the registry; services follow when the name of an upstream comes or goes. Control thread.
class CompiledUpstreams final : public CompiledKind {
 public:
  /// Where the TLS contexts of probes come from; it is asked as if for a service.
  using UpstreamTls =
      std::function<Result<std::shared_ptr<const void>>(const schema::Json& service)>;

  /// `registry` may be null: then there are no clusters.
  CompiledUpstreams(upstream::ClusterRegistry* registry, Problems& problems);
  void setTls(UpstreamTls make) { tls_ = std::move(make); }

  void put(const std::string& id, const schema::Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return upstreams_; }
  /// Their targets, which may come before them.
  CompiledKind& targets() { return targets_; }

  /// Gives the registry what has changed since the last call; the workers are told before the next
  /// snapshot.
  void publish();
  /// The cluster that services with this host are balanced over, as of the last publish(); nullptr
  /// if there is no such upstream.
  std::shared_ptr<const upstream::ClusterHandle> find(const std::string& host) const;
  /// The names for which find() gives something else since the last call.
  std::set<std::string> takeSwitched() { return std::exchange(switched_, {}); }

 private:
  class Targets final : public CompiledKind {
   public:
    explicit Targets(CompiledUpstreams& owner) : owner_(owner) {}
    void put(const std::string& id, const schema::Json& doc) override;
    void remove(const std::string& id) override;
    size_t size() const override { return upstreamOf_.size(); }

   private:
    CompiledUpstreams& owner_;
    std::map<std::string, std::string> upstreamOf_;  ///< By the target's id.
  };
  struct Record {
    std::shared_ptr<const upstream::ClusterSpec> spec;  ///< nullptr: only targets are known.
    std::map<std::string, std::pair<double, upstream::TargetSpec>> targets;  ///< By id.
    std::string published;  ///< The name in the registry, or "".
  };
  void publishOne(Record& record);

  upstream::ClusterRegistry* registry_;
  Problems& problems_;
  UpstreamTls tls_;
  Targets targets_;
  size_t upstreams_ = 0;
  std::map<std::string, Record> records_;                                          ///< By id.
  std::set<std::string> changed_;                                                  ///< Ids.
  std::map<std::string, std::shared_ptr<const upstream::ClusterHandle>> handles_;  ///< By name.
  std::set<std::string> switched_;
  bool first_ = true;  ///< What the registry holds is of another compilation.
};

}  // namespace tollgate::config
