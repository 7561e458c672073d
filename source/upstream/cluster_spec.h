#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What the configuration says of an upstream: plain values, compiled from its entities.
namespace tollgate::upstream {

enum class Algorithm : uint8_t { kRoundRobin, kConsistentHashing, kLeastConnections, kLatency };

/// Which part of a request decides its endpoint under consistent hashing.
struct HashInput {
  enum class Kind : uint8_t {
    kNone,
    kConsumer,  ///< Id of the consumer, else of the credential.
    kIp,        ///< The client's address.
    kHeader,
    kCookie,  ///< Handed out where the client has none.
    kPath,
    kQueryArg,
    kUriCapture,  ///< Of the route's regex, by name or number.
  };
  Kind kind = Kind::kNone;
  std::string name;  ///< Of the header, cookie, argument or capture.
};

constexpr int kMaxStatus = 1000;
using StatusSet = std::bitset<kMaxStatus>;

/// How many events of a kind in a row turn an endpoint's state. 0 ignores the kind.
struct HealthLimits {
  StatusSet healthyStatuses;
  StatusSet unhealthyStatuses;
  uint8_t successes = 0;
  uint8_t tcpFailures = 0;
  uint8_t httpFailures = 0;
  uint8_t timeouts = 0;
};

/// The gateway's own requests that find out how endpoints are.
struct ActiveChecks {
  enum class Type : uint8_t {
    kTcp,  ///< Of L4 proxying only: clusters of HTTP services are not probed so.
    kHttp,
    kHttps,
    kConnect,  ///< gRPC services: whether a connection comes about.
  };
  Type type = Type::kHttp;
  std::chrono::milliseconds timeout{1000};  ///< For each of connect, write and read.
  size_t concurrency = 10;                  ///< Probes of the cluster at a time.
  std::string path = "/";
  std::string serverName;  ///< SNI; "" takes host_header, then the target's name.
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds healthyInterval{0};    ///< 0: healthy endpoints are not probed.
  std::chrono::milliseconds unhealthyInterval{0};  ///< 0: unhealthy endpoints are not probed.
  HealthLimits limits;
  std::shared_ptr<const void> tlsContext;  ///< For the probes' TLS factory, if kHttps.
};

struct TargetSpec {
  std::string id;
  std::string host;  ///< As stored: a name, an IPv4 address or an IPv6 one in brackets.
  uint16_t port = 0;
  uint32_t weight = 100;  ///< 0: listed, but without traffic and probes.
};

struct ClusterSpec {
  std::string id;    ///< Of the upstream.
  std::string name;  ///< Services that have it as host use the cluster.
  Algorithm algorithm = Algorithm::kRoundRobin;
  HashInput hashOn;
  HashInput hashFallback;
  std::string cookiePath = "/";
  uint32_t slots = 10000;  ///< Points of the hash ring.
  std::string hostHeader;  ///< "" sends the target's name.
  bool useSrvName = false;
  double threshold = 0;  ///< Percentage of the weight that must be exceeded by what is available.
  ActiveChecks active;
  HealthLimits passive;
  std::vector<TargetSpec> targets;  ///< In the order of their creation.

  bool probes() const {
    return active.healthyInterval.count() > 0 || active.unhealthyInterval.count() > 0;
  }
  /// Whether endpoints can become unhealthy at all.
  bool healthChecks() const {
    return probes() || passive.tcpFailures > 0 || passive.timeouts > 0 || passive.httpFailures > 0;
  }
};

}  // namespace tollgate::upstream
