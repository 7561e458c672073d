#include "source/proxy/failure_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tollgate::proxy {
namespace {

using http::FailureCause;

/// What tells one trouble from another, in a buffer of its own size.
class Key {
 public:
  explicit Key(const FailureLog::Failure& failure) {
    const char kind[] = {static_cast<char>(failure.cause), static_cast<char>(failure.phase)};
    add({kind, sizeof kind});
    add(failure.service.substr(0, 64));
    add(failure.address != nullptr ? failure.address->bytes() : failure.host.substr(0, 128));
  }
  std::string_view text() const { return {bytes_, size_}; }

 private:
  void add(std::string_view part) {
    std::copy(part.begin(), part.end(), bytes_ + size_);
    size_ += part.size();
  }
  char bytes_[256];
  size_t size_ = 0;
};

/// Whether the words of whoever met the error say more than the cause does.
bool telling(FailureCause cause) {
  switch (cause) {
    case FailureCause::kCertificate:
    case FailureCause::kTls:
    case FailureCause::kConnectFailed:
    case FailureCause::kNoSocket:
    case FailureCause::kInvalidResponse:
    case FailureCause::kNoTarget:
      return true;
    default:
      return false;
  }
}

std::string targetOf(const FailureLog::Failure& failure) {
  if (failure.address == nullptr) {
    if (failure.port == 0) return fmt::format("upstream {}", failure.host);
    return fmt::format("target {}:{}", failure.host, failure.port);
  }
  if (failure.host.empty() || failure.host == failure.address->ip()) {
    return fmt::format("target {}", failure.address->toString());
  }
  return fmt::format("target {} ({})", failure.address->toString(), failure.host);
}

}  // namespace

void FailureLog::write(const Failure& failure, Damper::Clock::time_point now) {
  const auto left = damper_.admit(Key(failure).text(), now);
  if (!left) return;
  std::string line = fmt::format("service {}, {}: {} {}", failure.service, targetOf(failure),
                                 http::textOf(failure.cause), http::textOf(failure.phase));
  if (telling(failure.cause) && !failure.detail.empty()) {
    fmt::format_to(std::back_inserter(line), " ({})", failure.detail);
  }
  fmt::format_to(std::back_inserter(line), "; {}", http::nameOf(failure.cause));
  if (failure.status > 0) {
    fmt::format_to(std::back_inserter(line), ", answered {}", failure.status);
  } else {
    line += ", the response was cut short";
  }
  if (failure.attempts > 1) {
    fmt::format_to(std::back_inserter(line), " after {} attempts", failure.attempts);
  }
  if (!failure.requestId.empty()) {
    fmt::format_to(std::back_inserter(line), ", request {}", failure.requestId);
  }
  log_.warn(line + left->text());
}

}  // namespace tollgate::proxy
