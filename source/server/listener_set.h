#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/server/listener_plan.h"
#include "source/server/worker.h"

namespace tollgate::server {

/// The listeners that are entities, beside those of the node file: compiled as they change, and
/// followed by the sockets of the workers. One that does not change keeps its plan, and with it its
/// sockets and connections. Control thread.
class ListenerSet final : public config::CompiledKind {
 public:
  using Compile = std::function<Result<ListenerPlan>(const node::v1::Listener& listener,
                                                     const std::string& place)>;

  /// `own`: the addresses of the node's own listeners, which no entity may take.
  ListenerSet(Compile compile, std::vector<net::Address> own, config::Problems& problems)
      : compile_(std::move(compile)), own_(std::move(own)), problems_(problems) {}

  /// Workers take part from now on; those that do not run yet open their sockets at once.
  void setWorkers(std::vector<Worker*> workers) { workers_ = std::move(workers); }

  void put(const std::string& id, const schema::Json& doc) override;
  void remove(const std::string& id) override;
  void clear() override;
  size_t size() const override { return entries_.size(); }

  /// Whether a document could be run on this node: its chains make sense, its addresses are of this
  /// machine and free. Errors name the field.
  Status check(const std::string& id, const schema::Json& doc) const;

  /// Returns when the sockets of every worker are those of the listeners; what cannot be opened is
  /// among the problems, and tried again with the next call.
  void publish();

 private:
  struct Entry {
    std::string source;  ///< All of the document that the plan depends on.
    std::shared_ptr<const ListenerPlan> plan;
  };

  Result<ListenerPlan> compile(const schema::Json& doc) const;
  Status checkAddress(const std::string& id, const ListenerPlan& plan,
                      const net::Address& address) const;
  const Entry* holderOf(const net::Address& address, const std::string& exceptId) const;

  Compile compile_;
  std::vector<net::Address> own_;
  config::Problems& problems_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Entry> before_;  ///< Of before a clear(): what comes again keeps its plan.
  std::vector<Worker*> workers_;
  bool changed_ = false;
};

}  // namespace tollgate::server
