#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "source/config/compiled_certificates.h"
#include "source/config/directory.h"
#include "source/http/filter_factory.h"
#include "source/proxy/snapshot.h"
#include "source/store/store.h"

namespace tollgate::config {

/// Holds the entities of one revision and compiles them. Compiled services, consumers and filters
/// are kept and shared with later snapshots until their entity changes. Control thread.
class SnapshotCompiler {
 public:
  explicit SnapshotCompiler(http::SharedCounters* counters = nullptr) : counters_(counters) {}

  /// Where the TLS contexts of services come from; without one, services cannot use TLS.
  using UpstreamTls = std::function<Result<std::shared_ptr<const void>>(
      const schema::Json& service, const CompiledCertificates& certificates)>;
  void setUpstreamTls(UpstreamTls make) { upstreamTls_ = std::move(make); }
  /// For filters that talk to servers of their own; must outlive the snapshots.
  void setFilterTls(http::TlsConnector* tls) { filterTls_ = tls; }

  /// How API keys are found; without it, by themselves.
  void setKeyLookup(std::shared_ptr<const KeyLookup> lookup) { keyLookup_ = std::move(lookup); }

  /// Puts an entity in, or takes it out when the change is a deletion.
  void apply(const store::Change& change);
  void clear();

  /// Entities that could not be compiled are left out and named in problems().
  std::shared_ptr<const proxy::Snapshot> compile(store::Revision revision);
  const std::vector<Error>& problems() const { return problems_; }
  size_t entities() const;
  /// Ids of the credentials whose time was over at `now` (Unix seconds).
  std::vector<std::string> expiredKeys(int64_t now) const;

 private:
  using Json = schema::Json;
  struct Plugin {
    std::string name, routeId, serviceId, consumerId;
    bool enabled = true;
    std::shared_ptr<const http::HttpFilter> filter;
    int priority = 0;
  };
  struct Build;

  void putPlugin(const std::string& id, const Json& doc);
  void putCertificate(const store::Change& change);
  std::shared_ptr<const upstream::Service> compileService(const Json& doc);
  std::shared_ptr<const http::FilterPlan> planFor(Build& build, const std::string& routeId,
                                                  const std::string& serviceId) const;
  void addRoute(Build& build, const std::string& id, const Json& doc);

  http::SharedCounters* counters_;
  UpstreamTls upstreamTls_;
  http::TlsConnector* filterTls_ = nullptr;
  std::shared_ptr<const KeyLookup> keyLookup_;
  CompiledCertificates certificates_;
  std::map<std::string, std::shared_ptr<const upstream::Service>> services_;
  std::map<std::string, bool> serviceEnabled_;
  std::map<std::string, Json> routes_;
  std::map<std::string, std::shared_ptr<const http::Consumer>> consumers_;
  std::map<std::string, Plugin> plugins_;
  std::map<std::string, Json> keys_;
  std::map<std::string, Error> entityErrors_;  ///< By the id of what could not be compiled.
  std::vector<Error> problems_;
};

}  // namespace tollgate::config
