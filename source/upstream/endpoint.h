#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "source/event/event_loop.h"
#include "source/net/address.h"
#include "source/upstream/endpoint_health.h"

namespace tollgate::upstream {

/// What one worker has under way at an endpoint and how long it waits for it. Written by that
/// worker only, so that nothing is shared on the way of a request.
struct alignas(64) EndpointLoad {
  uint32_t active = 0;    ///< Requests under way.
  uint64_t lastPick = 0;  ///< Sequence number of the last choice: breaks ties in turn.
  double ewma = 0;        ///< Seconds until the response head, weighted by age.
  event::TimePoint touched{};
};

/// One address behind an upstream: the state that outlives configurations. Owned by the registry
/// and by the clusters that list it. `health` is for any thread, `load` for the worker it belongs
/// to.
class Endpoint {
 public:
  Endpoint(net::Address address, std::string host, size_t workers)
      : address_(address), host_(std::move(host)), loads_(new EndpointLoad[workers]) {}

  /// Not valid for a name that has to be resolved for every request.
  const net::Address& address() const { return address_; }
  /// The name that led here: of the target, or of the SRV record if those count.
  const std::string& host() const { return host_; }
  EndpointLoad& load(size_t worker) { return loads_[worker]; }

  EndpointHealth health;

 private:
  net::Address address_;
  std::string host_;
  std::unique_ptr<EndpointLoad[]> loads_;
};

}  // namespace tollgate::upstream
