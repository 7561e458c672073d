#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/event/event_loop.h"
#include "source/http/failure.h"

/// What is known of one exchange: logs, metrics and filters read this and nothing else.
namespace tollgate::net {
class Address;
struct PeerCertificate;
}  // namespace tollgate::net

namespace tollgate::http {

struct Consumer;
class HeaderMap;

/// Who gave the response.
enum class AnsweredBy : uint8_t {
  kNobody,   ///< The client left before, or nothing could be sent.
  kOrigin,   ///< What it said, maybe edited by filters.
  kFilter,   ///< A filter of the listener or a plugin; ExchangeInfo::filter names it.
  kGateway,  ///< No route, no service, what the route demands, or an origin that failed.
  kEngine,   ///< The request was refused before it reached a route, or for how it came.
};
/// "origin": stable, for machines.
std::string_view nameOf(AnsweredBy who);

/// What operators name things by.
struct Named {
  std::string id;
  std::string name;    ///< "" without one.
  std::string record;  ///< All of it as a JSON object, where something logs; else "".
};

/// The one workspace that there is, as logs name it; the reference's without a database.
inline constexpr std::string_view kWorkspaceId = "00000000-0000-0000-0000-000000000000";

/// One attempt at an origin.
struct Attempt {
  const net::Address* address = nullptr;  ///< Lives as long as the exchange.
  event::TimePoint sought{};              ///< The choice of its address began.
  event::TimePoint began{};
  event::TimePoint connected{};  ///< The request went out; {} if it never did.
  event::TimePoint answered{};   ///< The response head came; {} if it never did.
  FailureCause failure = FailureCause::kNone;
  int status = 0;                   ///< Of its response; 0 without one.
  bool reused = false;              ///< By a connection that was kept from an earlier request.
  bool secure = false;              ///< TLS, for `serverName`.
  std::string_view serverName;      ///< "" without TLS.
  const Attempt* before = nullptr;  ///< The attempt that failed before this one.
};

/// What filters have changed of the request that goes to the origin; "" for what they have not.
struct TargetEdits {
  std::string_view method;
  std::string_view path;  ///< Whole, with what the service puts before it; encoded.
  std::string_view host;  ///< The value of Host.
};

/// One plain value per exchange, which is reset by assignment. Views and pointers are valid until
/// the exchange is over. Times are those of the loop's pass; {} for what did not happen.
struct ExchangeInfo {
  std::string_view requestId;

  // The client.
  const net::Address* peer = nullptr;    ///< The other end of the connection.
  const net::Address* client = nullptr;  ///< After real-ip handling.
  std::string_view clientIp;             ///< Likewise, as text.
  uint16_t localPort = 0;                ///< That the listener is known by.
  bool secure = false;                   ///< TLS on the hop from the client.
  /// Known from onLog on, where `secure`: what the client asked for and got.
  std::string_view serverName, alpn, tlsVersion, tlsCipher;
  const net::PeerCertificate* certificate = nullptr;

  // The request.
  std::string_view path;           ///< Decoded, dot-free, without the query.
  std::string_view query;          ///< After "?", without it; as it is forwarded.
  bool hasQuery = false;           ///< There is a "?", maybe with nothing after it.
  bool hasBody = false;            ///< A body comes with it, of whatever length.
  std::string_view correlationId;  ///< That a filter has found or made; "" without one.
  std::string_view loggedTarget;   ///< Where a filter took a secret out of the target; else "".
  TargetEdits* edits = nullptr;    ///< nullptr for none; in the arena.
  const Named* route = nullptr;
  const Named* service = nullptr;
  const Consumer* consumer = nullptr;
  std::string_view credentialId;
  std::string_view actor;  ///< The administrator who asks; "" if nobody said.

  // For who logs.
  /// The fields of the request as its filters have left them, without what the gateway adds for the
  /// origin; nullptr: RequestHead::headers has those.
  const HeaderMap* clientFields = nullptr;
  /// Known from onLog on: the path and query that the origin is, or would be, asked for; "" without
  /// a route.
  std::string_view upstreamTarget;

  // What became of it.
  AnsweredBy answeredBy = AnsweredBy::kNobody;
  bool proxied = false;     ///< The answer counts as the origin's, or tells of its failure.
  bool complete = false;    ///< The last byte of the response was handed over.
  std::string_view filter;  ///< The name of the filter that has answered; "" if none did.
  std::string_view reason;  ///< Why the request could not be served, in the engine's words; or "".
  FailureCause failure = FailureCause::kNone;  ///< Of the last attempt.
  int attempts = 0;            ///< Those that count against the service's retries, and the first.
  Attempt attempt;             ///< The last one.
  uint64_t requestBytes = 0;   ///< Of the body that came.
  uint64_t responseBytes = 0;  ///< Of the body that was handed over.

  event::TimePoint began{};          ///< The head of the request came.
  event::TimePoint upstreamBegan{};  ///< The first attempt began.
  event::TimePoint answered{};       ///< The response head went out.
  event::TimePoint ended{};          ///< Known from onLog on.
};

}  // namespace tollgate::http
