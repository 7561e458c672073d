#include "source/server/worker.h"

namespace tollgate::server {

Worker::Worker(const proxy::ProxySettings& settings, upstream::StreamPool::Settings pool,
               upstream::StreamPool::TlsFactory tls, net::ResolverSettings resolver,
               http::AccessSink* log, size_t number)
    : context_(loop_, settings, pool, std::move(tls), std::move(resolver), number),
      acceptor_(context_) {
  context_.accessLog = log;
}

Worker::~Worker() { stop(); }

Status Worker::listen(const ListenerPlans& plans) {
  for (const auto& plan : plans) {
    if (plan->onMain()) continue;
    if (Status opened = acceptor_.open(plan, true); !opened) {
      return Error{opened.error().kind, opened.error().message, "listener " + plan->name};
    }
  }
  return {};
}

void Worker::follow(ListenerPlans plans, std::function<void(std::vector<ListenFailure>)> done) {
  if (!thread_.joinable()) return done(acceptor_.follow(plans));
  loop_.post(
      [this, plans = std::move(plans), done = std::move(done)] { done(acceptor_.follow(plans)); });
}

void Worker::share(std::vector<Worker*> others) {
  acceptor_.onNothingSpare = [others = std::move(others)] {
    for (Worker* other : others) {
      other->loop_.post([other] { other->acceptor_.relieve(); });
    }
  };
}

void Worker::start(std::shared_ptr<const proxy::Snapshot> snapshot) {
  context_.setSnapshot(std::move(snapshot));
  lag_.start();
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::drain() {
  loop_.post([this] {
    acceptor_.close();
    context_.drain();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    context_.dropConnections();
    loop_.post([this] {  // a pass later, when they are freed
      if (services_ != nullptr) services_->endWorker(loop_);
      loop_.post([this] { loop_.stop(); });  // and another one, when that is
    });
  });
  thread_.join();
}

}  // namespace tollgate::server
