#include "source/http/failure.h"

#include <iterator>

namespace tollgate::http {
namespace {

struct Words {
  std::string_view name, text;
};

constexpr Words kCauses[] = {
    {"", ""},
    {"name_unknown", "name resolution failed: no such name"},
    {"name_server_failed", "name resolution failed: the name servers gave no answer"},
    {"no_target", "no target is available"},
    {"no_socket", "no socket can be opened"},
    {"connection_refused", "connection refused"},
    {"unreachable", "host or network unreachable"},
    {"connect_failed", "connecting failed"},
    {"connect_timed_out", "connecting timed out"},
    {"certificate_refused", "certificate refused"},
    {"tls_failed", "TLS failed"},
    {"closed_early", "the origin closed the connection without a complete answer"},
    {"connection_reset", "connection reset by the origin"},
    {"invalid_response", "invalid response"},
    {"send_timed_out", "sending the request timed out"},
    {"read_timed_out", "reading the response timed out"},
};
static_assert(std::size(kCauses) == kFailureCauses);

constexpr std::string_view kPhases[] = {
    "while resolving its name",  "while choosing a target",        "while connecting",
    "while sending the request", "while waiting for the response", "while reading the response",
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

std::string_view nameOf(FailureCause cause) { return kCauses[static_cast<size_t>(cause)].name; }
std::string_view textOf(FailureCause cause) { return kCauses[static_cast<size_t>(cause)].text; }
std::string_view textOf(FailurePhase phase) { return kPhases[static_cast<size_t>(phase)]; }

FailureCause causeOf(FailurePhase phase, std::string_view detail) {
  // Transports tell errors by texts of their own; those of TLS begin with its name.
  if (contains(detail, "reset by peer")) return FailureCause::kReset;
  if (detail.starts_with("tls: the peer's certificate")) return FailureCause::kCertificate;
  if (contains(detail, "closed without close_notify")) return FailureCause::kClosedEarly;
  if (contains(detail, "timed out") || contains(detail, "timeout")) {
    if (phase == FailurePhase::kConnecting) return FailureCause::kConnectTimedOut;
    return phase == FailurePhase::kSending ? FailureCause::kSendTimedOut
                                           : FailureCause::kReadTimedOut;
  }
  if (detail.starts_with("tls:")) return FailureCause::kTls;
  if (phase == FailurePhase::kConnecting) {
    if (contains(detail, "refused")) return FailureCause::kRefused;
    if (contains(detail, "unreachable")) return FailureCause::kUnreachable;
    if (contains(detail, "no socket")) return FailureCause::kNoSocket;
    if (contains(detail, "handshake")) return FailureCause::kTls;
    return FailureCause::kConnectFailed;
  }
  return contains(detail, "closed") ? FailureCause::kClosedEarly : FailureCause::kInvalidResponse;
}

}  // namespace tollgate::http
