#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/result.h"
#include "source/net/dialer.h"

namespace tollgate::net {

/// Sends datagrams to one host, without waiting for anything: what comes while the name is looked
/// up waits, up to a limit; what the kernel does not take is lost, and counted. One worker's.
class DatagramSender {
 public:
  static constexpr size_t kMaxWaiting = 1000;            ///< Datagrams, while the name is unknown.
  static constexpr size_t kMaxDatagramBytes = 65507;     ///< What UDP over IPv4 carries.
  static constexpr std::chrono::seconds kLookAgain{10};  ///< How long an answer is used.

  /// `dialer` outlives it.
  DatagramSender(Dialer& dialer, std::string host, uint16_t port);
  ~DatagramSender();
  DatagramSender(const DatagramSender&) = delete;
  DatagramSender& operator=(const DatagramSender&) = delete;

  void send(std::string_view datagram);
  /// The first failure since the last call, for the operator; "" if there was none.
  std::string takeError() { return std::exchange(error_, {}); }
  uint64_t sent() const { return sent_; }
  uint64_t lost() const { return lost_; }

 private:
  void resolve();
  void write(std::string_view datagram);
  void fail(std::string_view reason, uint64_t datagrams);

  Dialer& dialer_;
  const std::string host_;
  const uint16_t port_;
  std::vector<std::string> waiting_;
  std::vector<Address> addresses_;
  event::TimePoint resolvedAt_{};
  uint64_t resolving_ = 0;
  int fd_ = -1;
  int family_ = 0;
  std::string error_;
  uint64_t sent_ = 0, lost_ = 0;
};

}  // namespace tollgate::net
