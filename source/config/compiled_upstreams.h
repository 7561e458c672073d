#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "source/config/compiled_kind.h"
#include "source/config/origin_certificates.h"
#include "source/upstream/cluster_registry.h"

namespace tollgate::config {

/// What an upstream's document says, without its targets.
upstream::ClusterSpec clusterSpecOf(const Json& doc);

/// Upstreams with their targets, as specifications of clusters. publish() hands those that changed
/// to the registry; services follow when the name of an upstream comes or goes. Control thread.
class CompiledUpstreams final : public CompiledKind {
 public:
  /// Where the TLS contexts of probes come from; it is asked as if for a service.
  using UpstreamTls = std::function<Result<std::shared_ptr<const void>>(const Json& service)>;

  /// `registry` may be null: then there are no clusters.
  CompiledUpstreams(upstream::ClusterRegistry* registry, const OriginCertificates& certificates,
                    Problems& problems);
  void setTls(UpstreamTls make) { tls_ = std::move(make); }

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return upstreams_; }
  /// Their targets, which may come before them.
  CompiledKind& targets() { return targets_; }

  /// Gives the registry what has changed since the last call, also by certificates (their ids); the
  /// workers are told before the next snapshot.
  void publish(const std::set<std::string>& certificates = {});
  /// The cluster that services with this host are balanced over, as of the last publish(); nullptr
  /// if there is no such upstream.
  std::shared_ptr<const upstream::ClusterHandle> find(const std::string& host) const;
  /// The id of the certificate that the upstream of that name shows to its targets, or "".
  std::string clientCertificateOf(const std::string& host) const;
  /// The names for which find() or clientCertificateOf() gives something else since the last call.
  std::set<std::string> takeSwitched() { return std::exchange(switched_, {}); }

 private:
  class Targets final : public CompiledKind {
   public:
    explicit Targets(CompiledUpstreams& owner) : owner_(owner) {}
    void put(const std::string& id, const Json& doc) override;
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
    /// What its probes' TLS is made of, in the form of a service's document.
    Json tlsPart;
  };
  void publishOne(const std::string& id, Record& record);
  void makeProbeTls(const std::string& id, const Record& record, upstream::ClusterSpec& spec);

  upstream::ClusterRegistry* registry_;
  const OriginCertificates& certificates_;
  Problems& problems_;
  UpstreamTls tls_;
  Targets targets_;
  size_t upstreams_ = 0;
  std::map<std::string, Record> records_;  ///< By id.
  std::set<std::string> changed_;          ///< Ids.
  struct Published {
    std::shared_ptr<const upstream::ClusterHandle> handle;
    std::string clientCertificate;
  };
  std::map<std::string, Published> published_;  ///< By name.
  std::set<std::string> switched_;
  bool first_ = true;  ///< What the registry holds is of another compilation.
};

}  // namespace tollgate::config
