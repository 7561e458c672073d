#pragma once

#include <functional>
#include <memory>

#include "source/net/connection.h"
#include "source/upstream/cluster.h"

namespace tollgate::upstream {

/// Opens the transport of a probe over TLS; nullptr if that cannot be.
using ProbeTls = std::function<std::unique_ptr<net::Transport>(const ActiveChecks& checks, int fd,
                                                               std::string_view serverName)>;

/// One active health check of one member: connects, asks over HTTP/1.0 if the checks are of that
/// kind, and reads the status line only. Reports to the cluster. One event loop.
class Probe final : public net::ConnectionHandler, public event::Deferred {
 public:
  using Done = std::function<void(Probe& probe)>;

  /// `done` is called once, from the loop or by start(); the probe may then be given to
  /// EventLoop::deferDelete().
  Probe(event::EventLoop& loop, buffer::SlabPool& slabs, net::ConnectionRules& rules,
        const ProbeTls& tls, std::shared_ptr<const Cluster> cluster, uint32_t member, Done done);

  void start();
  /// Ends it without a report; `done` is not called any more.
  void abandon();
  const Endpoint* endpoint() const { return cluster_->members()[member_].endpoint.get(); }

  void onConnected(net::Connection&) override;
  void onData(net::Connection&, bool end) override;
  void onClosed(net::Connection&, std::string_view reason) override;

 private:
  void onTimeout();
  std::string request() const;
  std::string_view serverName() const;
  void finish();
  void finish(HealthEvent event);
  void close();

  event::EventLoop& loop_;
  buffer::SlabPool& slabs_;
  net::ConnectionRules& rules_;
  const ProbeTls& tls_;
  std::shared_ptr<const Cluster> cluster_;
  uint32_t member_;
  Done done_;
  std::unique_ptr<net::Connection> connection_;
  bool finished_ = false;
  event::MemberTimer<Probe, &Probe::onTimeout> timer_{*this};
};

/// The status of an HTTP status line, or 0 if it is none.
int statusOfLine(std::string_view line);

}  // namespace tollgate::upstream
