#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/config/compiled_listeners.h"
#include "source/config/compiled_services.h"
#include "source/config/key_lookup.h"
#include "source/http/filter_factory.h"
#include "source/proxy/snapshot.h"
#include "source/store/store.h"

namespace tollgate::config {

/// Makes snapshots of the entities of one revision. Each kind of entity has a CompiledKind of its
/// own, which takes changes in; this class hands the changes out, settles what kinds have to do
/// with each other, and puts a snapshot together. A change costs what it touches, and a snapshot
/// shares everything else with the one before. Control thread.
class SnapshotCompiler {
 public:
  explicit SnapshotCompiler(http::SharedCounters* counters = nullptr);
  ~SnapshotCompiler();

  /// Where the TLS contexts of services come from; without one, services cannot use TLS. Before the
  /// first change.
  using UpstreamTls = CompiledServices::UpstreamTls;
  void setUpstreamTls(UpstreamTls make);
  /// Whether origins of https services are offered HTTP/2. Before the first change.
  void offerHttp2(bool offer);
  /// What filters may use of the process; must outlive the snapshots. Its counters take the place
  /// of the constructor's. Before the first change.
  void setFilterContext(http::FilterContext context);

  /// Where upstreams become clusters; without it there are none. Before the first change.
  void setClusters(upstream::ClusterRegistry* registry);

  /// How API keys are found; without it, by themselves. Before the first change.
  void setKeyLookup(std::shared_ptr<const KeyLookup> lookup);

  /// What stands before the names of secrets in the environment, where no vault says otherwise.
  /// Before the first change.
  void setVaultPrefix(std::string prefix);

  /// Puts an entity in, or takes it out when the change is a deletion. Kinds that no request needs
  /// are ignored.
  void apply(const store::Change& change);
  /// The same of an entity that is not of the shape that this program expects: plugins refuse what
  /// they may have guarded, others are left out; what was compiled of it before stays.
  void applyUnreadable(const store::Change& change);
  void clear();
  /// Begins anew beside what there is: the changes that follow are of the new state, until
  /// endReload(true) makes it the only one, or endReload(false) goes back to the old.
  void beginReload();
  void endReload(bool keepNew);

  /// True where filters log what routes, services and consumers are, and it was not kept of those
  /// that came before the first such filter: everything has to be applied again.
  bool lacksRecords() const;

  /// Entities that could not be compiled are left out and named in problems().
  std::shared_ptr<const proxy::Snapshot> compile(store::Revision revision);
  std::vector<Error> problems() const { return problems_->all(); }
  /// Another number whenever problems() may have changed.
  uint64_t problemChanges() const { return generation_ << 32 | problems_->changes(); }
  size_t entities() const;
  /// The listeners of the state that was applied last; the number is another whenever they changed.
  const CompiledListeners::Documents& listeners() const;
  uint64_t listenerChanges() const;
  /// What somebody who does more with an entity (opens a listener) found wrong with it.
  void setProblem(const std::string& id, std::optional<Error> problem);
  /// Ids of the credentials whose time was over at `now` (Unix seconds).
  std::vector<std::string> expiredKeys(int64_t now) const;

 private:
  struct Kinds;
  void makeKinds();
  void applyResolved(const store::Change& change);
  bool recordsWanted() const;

  UpstreamTls upstreamTls_;
  bool offerHttp2_ = false;
  http::FilterContext filterContext_;
  std::shared_ptr<const KeyLookup> keyLookup_;
  upstream::ClusterRegistry* clusters_ = nullptr;
  std::string vaultPrefix_;
  uint64_t generation_ = 0;                              ///< Grows when all kinds change at once.
  std::unique_ptr<Problems> problems_, problemsBefore_;  ///< Before: while a reload is under way.
  std::unique_ptr<Kinds> kinds_, kindsBefore_;
};

}  // namespace tollgate::config
