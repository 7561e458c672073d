#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "source/net/listener.h"
#include "source/proxy/worker_context.h"
#include "source/server/listener_plan.h"

namespace tollgate::server {

/// A listener that a thread could not open, and why.
struct ListenFailure {
  const ListenerPlan* plan;
  Error error;
};

/// The listening sockets of one thread: accepts connections, chooses the filter chain of each and
/// starts its first filter. Used by its loop's thread only.
class Acceptor {
 public:
  /// `context` serves the HTTP of every chain that ends in it.
  explicit Acceptor(proxy::WorkerContext& context) : context_(context) {}

  /// For as long as the thread lives. `reusePort`: other threads listen on the same addresses.
  Status open(std::shared_ptr<const ListenerPlan> plan, bool reusePort);
  /// Opens, changes and closes sockets until those beside the ones of open() are of `plans`. A plan
  /// that was there before is not touched; connections of one that is gone end as they become idle.
  std::vector<ListenFailure> follow(const ListenerPlans& plans);
  /// Takes what still waits to be accepted, then stops listening.
  void close();
  /// Closes some spare connections, for whoever wants to come in. Returns how many.
  size_t relieve();
  /// Called where this thread has none to close: descriptors are the process's.
  std::function<void()> onNothingSpare;

 private:
  class HelloReader;
  /// Where a connection came in.
  struct Place {
    std::shared_ptr<const ListenerPlan> plan;
    uint16_t port = 0;
    bool stays = true;  ///< Of open(), not of follow().
  };
  struct Socket {
    Place at;
    net::Address address;
    std::unique_ptr<net::Listener> listener;
  };

  Status listen(Place at, const net::Address& address, bool reusePort);
  void accept(const Place& at, int fd, const net::Address& peer);
  void serve(const Place& at, const Chain& chain, int fd, buffer::Buffer prefix);
  void onShortage(const std::string& listener);
  static void stop(Socket& socket);

  proxy::WorkerContext& context_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  bool closed_ = false;
};

}  // namespace tollgate::server
