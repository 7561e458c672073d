#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "source/client/services.h"
#include "source/event/event_loop.h"
#include "source/proxy/worker_context.h"
#include "source/server/acceptor.h"
#include "source/server/loop_lag.h"

namespace tollgate::server {

/// One thread that serves traffic: its loop, its sockets, its connections.
class Worker {
 public:
  Worker(const proxy::ProxySettings& settings, upstream::StreamPool::Settings pool,
         upstream::StreamPool::TlsFactory tls, net::ResolverSettings resolver,
         http::AccessSink* log, size_t number);
  ~Worker();

  /// What filters may ask on this thread; outlives it. Before start().
  void setServices(client::Services& services) { services_ = &services; }
  /// Opens the sockets of every plan that runs on workers. Before start().
  Status listen(const ListenerPlans& plans);
  /// Makes the sockets beside those follow (see Acceptor::follow), on the worker's thread once that
  /// runs, and tells what could not be opened. Any thread, one at a time.
  void follow(ListenerPlans plans, std::function<void(std::vector<ListenFailure>)> done);
  /// `others`: asked for descriptors where this one has no spare connection. Before start();
  /// they live as long as this one runs.
  void share(std::vector<Worker*> others);
  void start(std::shared_ptr<const proxy::Snapshot> snapshot);
  /// Stops accepting and ends connections as they become idle. Any thread.
  void drain();
  /// Ends the thread with whatever it still serves. Any thread.
  void stop();

  proxy::WorkerContext& context() { return context_; }
  const LoopLag& lag() const { return lag_; }

 private:
  event::EventLoop loop_;
  proxy::WorkerContext context_;
  Acceptor acceptor_;
  LoopLag lag_{loop_};
  client::Services* services_ = nullptr;
  std::thread thread_;
};

}  // namespace tollgate::server
