#pragma once

#include <cstdint>
#include <string_view>

/// Why an exchange got no whole answer from its origin. One vocabulary for the error log, the
/// access log and metrics, so that a word found in one of them can be looked for in the others.
namespace tollgate::http {

/// What went wrong. nameOf() says how each is written.
enum class FailureCause : uint8_t {
  kNone,
  kNameUnknown,       ///< The name servers say that there is no such name, or no address for it.
  kNameServerFailed,  ///< They cannot be asked, or answer with an error.
  kNoTarget,          ///< The upstream has no target that may be used.
  kNoSocket,          ///< This process has no descriptor or port left.
  kRefused,           ///< Nobody listens there.
  kUnreachable,       ///< The network or the host cannot be reached.
  kConnectFailed,     ///< Any other error of connecting.
  kConnectTimedOut,
  kCertificate,      ///< The origin's certificate was refused.
  kTls,              ///< Any other error of the handshake or of a record.
  kClosedEarly,      ///< The origin closed before its answer was complete.
  kReset,            ///< It reset the connection.
  kInvalidResponse,  ///< What it sent is not HTTP, or against its rules.
  kSendTimedOut,     ///< It did not take the request in time (`write_timeout`).
  kReadTimedOut,     ///< It did not answer, or go on, in time (`read_timeout`).
};
constexpr size_t kFailureCauses = static_cast<size_t>(FailureCause::kReadTimedOut) + 1;

/// "connection_refused": stable, for machines. "" for kNone.
std::string_view nameOf(FailureCause cause);
/// "connection refused": for people.
std::string_view textOf(FailureCause cause);

/// How far an attempt at an origin had come.
enum class FailurePhase : uint8_t {
  kResolving,
  kBalancing,
  kConnecting,
  kSending,
  kWaiting,  ///< The request was sent; no response head yet.
  kReading,  ///< The response head is there, its body is not complete.
};
/// "while connecting"
std::string_view textOf(FailurePhase phase);

/// The cause of an error that a connection or its codec has told in words (`detail`) in `phase`.
FailureCause causeOf(FailurePhase phase, std::string_view detail);

}  // namespace tollgate::http
