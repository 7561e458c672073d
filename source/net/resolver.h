#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/event/event_loop.h"
#include "source/net/address.h"

namespace tollgate::net {

enum class RecordType { kNone, kA, kAaaa, kSrv };

/// How names are looked up in this process, whoever asks.
struct ResolverSettings {
  std::string servers;    ///< "ip[:port],…"; "" takes the machine's.
  std::string hostsFile;  ///< Read once, at the start; "" takes the machine's, as it is.
  /// What is asked for, in this order, until there is an answer; the type that answered last time
  /// comes first.
  std::vector<RecordType> order = {RecordType::kSrv, RecordType::kA, RecordType::kAaaa};
  std::chrono::milliseconds timeout{2000};
  int tries = 3;
  std::chrono::seconds staleTtl{3600};  ///< How long the last good answer serves after its TTL.
  std::chrono::milliseconds notFoundTtl{30000};  ///< How long a missing name is remembered.
  std::chrono::milliseconds errorTtl{1000};
  std::optional<std::chrono::seconds> validTtl;  ///< In the place of what answers say.
  size_t maxNames = 10000;
};

enum class ResolveError { kNone, kNotFound, kFailed };

/// Names to addresses on a worker's loop, with a cache by TTL: one look-up in flight per name, and
/// the last good answer is kept while a newer one cannot be had. Of SRV records the lowest priority
/// counts; an address stands in the list as often as its weight demands.
class Resolver {
 public:
  using Done = std::function<void(const std::vector<Address>& addresses, ResolveError error)>;

  Resolver(event::EventLoop& loop, ResolverSettings settings);
  ~Resolver();

  /// Addresses if they are in the cache and fresh or stale enough, else nullptr; a stale answer is
  /// refreshed in the background. Their port is 0 but where an SRV record has told one.
  const std::vector<Address>* cached(std::string_view name);
  /// Calls `done` from the loop, or at once from the cache. Returns an id for cancel(), 0 if done.
  uint64_t resolve(std::string_view name, Done done);
  /// Where to begin in the addresses that were given last, so that all are taken in turn.
  size_t turn() const;
  void cancel(uint64_t id);
  size_t names() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tollgate::net
