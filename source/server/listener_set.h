#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/config/compiled_listeners.h"
#include "source/server/listener_plan.h"
#include "source/server/worker.h"

namespace tollgate::server {

/// The listeners that are entities, beside those of the node file: compiled as they change, and
/// followed by the sockets of the workers. One that does not change keeps its plan, and with it its
/// sockets and connections. Control thread.
class ListenerSet {
 public:
  using Documents = config::CompiledListeners::Documents;
  using Compile = std::function<Result<ListenerPlan>(const node::v1::Listener& listener)>;
  /// By the ids of listeners: what is wrong with them, nothing where they run.
  using Problems = std::map<std::string, std::optional<Error>>;

  /// `own`: the addresses of the node's own listeners, which no entity may take.
  ListenerSet(Compile compile, std::vector<net::Address> own, std::vector<Worker*> workers)
      : compile_(std::move(compile)), own_(std::move(own)), workers_(std::move(workers)) {}

  /// Whether a document could be run on this node: its chains make sense, its addresses are of this
  /// machine and free. Errors name the field.
  Status check(const std::string& id, const Json& doc) const;

  /// Returns when the sockets of every worker are those of the documents.
  Problems follow(const Documents& documents);
  /// Something could not be opened: follow() is worth another try.
  bool incomplete() const { return incomplete_; }

 private:
  struct Entry {
    Json source;  ///< All of the document that the plan depends on.
    std::shared_ptr<const ListenerPlan> plan;
  };

  Result<ListenerPlan> compile(const Json& source) const;
  Status checkAddress(const std::string& id, const ListenerPlan& plan,
                      const net::Address& address) const;
  const ListenerPlan* holderOf(const net::Address& address) const;
  /// What each worker could not open; an error if one does not answer.
  Result<std::vector<ListenFailure>> open(const ListenerPlans& plans);

  Compile compile_;
  std::vector<net::Address> own_;
  std::vector<Worker*> workers_;
  std::map<std::string, Entry> entries_;  ///< By id; those that run.
  bool incomplete_ = false;
};

}  // namespace tollgate::server
