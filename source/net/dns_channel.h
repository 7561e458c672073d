#pragma once

#include <memory>

#include "source/event/event_loop.h"
#include "source/net/hosts_file.h"
#include "source/net/resolver.h"

struct ares_channeldata;

namespace tollgate::net {

/// A c-ares channel whose sockets and time limits are served by an event loop. One thread. Queries
/// are started on `get()`, followed by kick(). Destroying it ends all queries with
/// ARES_EDESTRUCTION.
class DnsChannel {
 public:
  DnsChannel(event::EventLoop& loop, const ResolverSettings& settings);
  ~DnsChannel();

  /// nullptr if the library could not be set up.
  ares_channeldata* get();
  /// The hosts file of the settings; nullptr where the machine's own counts.
  const HostsFile* hosts() const;
  /// After queries were started.
  void kick();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tollgate::net
