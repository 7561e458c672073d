#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/event/event_loop.h"
#include "source/net/address.h"

namespace tollgate::net {

struct ResolverSettings {
  std::string servers;  ///< "ip[:port],…"; "" takes the machine's.
  std::chrono::milliseconds timeout{2000};
  int tries = 3;
  std::chrono::seconds staleTtl{3600};   ///< How long the last good answer serves after its TTL.
  std::chrono::seconds notFoundTtl{30};  ///< How long a missing name is remembered.
  std::chrono::seconds errorTtl{1};
  size_t maxNames = 10000;
};

enum class ResolveError { kNone, kNotFound, kFailed };

/// Names to addresses (A and AAAA) by c-ares on a worker's loop, with a cache by TTL: one query in
/// flight per name, and the last good answer is kept while a newer one cannot be had.
class Resolver {
 public:
  using Done = std::function<void(const std::vector<Address>& addresses, ResolveError error)>;

  Resolver(event::EventLoop& loop, ResolverSettings settings);
  ~Resolver();

  /// Addresses (port 0) if they are in the cache and fresh or stale enough, else nullptr; a stale
  /// answer is refreshed in the background.
  const std::vector<Address>* cached(std::string_view name);
  /// Calls `done` from the loop, or at once from the cache. Returns an id for cancel(), 0 if done.
  uint64_t resolve(std::string_view name, Done done);
  void cancel(uint64_t id);
  size_t names() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tollgate::net
