#pragma once

#include <memory>
#include <vector>

#include "source/net/listener.h"
#include "source/proxy/worker_context.h"
#include "source/server/listener_plan.h"

namespace tollgate::server {

/// The listening sockets of one thread: accepts connections, chooses the filter chain of each and
/// starts its first filter. The plans must outlive it. Used by its loop's thread only.
class Acceptor {
 public:
  /// `context` serves the HTTP of every chain that ends in it.
  explicit Acceptor(proxy::WorkerContext& context) : context_(context) {}

  /// `reusePort`: other threads listen on the same addresses.
  Status open(const ListenerPlan& plan, bool reusePort);
  /// Takes what still waits to be accepted, then stops listening.
  void close();
  /// Connections that no chain took.
  uint64_t unmatched() const { return unmatched_; }

 private:
  class HelloReader;
  void accept(const ListenerPlan& plan, uint16_t port, int fd, const net::Address& peer);
  void serve(const Chain& chain, uint16_t port, int fd, buffer::Buffer prefix);

  proxy::WorkerContext& context_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  uint64_t unmatched_ = 0;
};

}  // namespace tollgate::server
