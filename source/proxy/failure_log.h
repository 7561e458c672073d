#pragma once

#include <string_view>

#include "source/base/damper.h"
#include "source/http/failure.h"
#include "source/http/operator_log.h"
#include "source/net/address.h"

namespace tollgate::proxy {

/// Lines for the operator about origins that gave no whole answer: which one, how far the attempt
/// had come, and why. The same trouble (service, target, phase and cause) is told once in an
/// interval, with the number of those left out. Shared by the workers; neither locks nor allocates
/// for what is left out.
class FailureLog {
 public:
  /// `log` must outlive it.
  FailureLog(http::OperatorLog& log, Damper::Clock::duration interval)
      : log_(log), damper_(interval) {}

  struct Failure {
    http::FailureCause cause = http::FailureCause::kNone;
    http::FailurePhase phase = http::FailurePhase::kConnecting;
    std::string_view service;  ///< Its name, else its id; of a tunnel "tcp-proxy".
    std::string_view host;     ///< Of the target, as configured.
    uint16_t port = 0;         ///< Likewise; used where there is no address.
    const net::Address* address = nullptr;
    std::string_view detail;  ///< The error in the words of who has met it; may be "".
    int status = 0;  ///< Of the answer to the client; 0 where it was cut short, or a tunnel.
    int attempts = 0;
    std::string_view requestId;
  };
  void write(const Failure& failure, Damper::Clock::time_point now);

 private:
  http::OperatorLog& log_;
  Damper damper_;
};

}  // namespace tollgate::proxy
