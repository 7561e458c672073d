#include "source/net/dns_channel.h"

#include <ares.h>

#include <optional>
#include <unordered_map>
#include <vector>

namespace tollgate::net {
namespace {

/// ares_library_init is not safe from several threads at once; a static makes it so.
void initLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  (void)status;
}

}  // namespace

struct DnsChannel::State final {
  State(event::EventLoop& loop, const ResolverSettings& settings) : loop(loop) {
    initLibrary();
    ares_options options{};
    options.timeout = static_cast<int>(settings.timeout.count());
    options.tries = settings.tries;
    options.sock_state_cb = &State::onSocketState;
    options.sock_state_cb_data = this;
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    char onlyServers[] = "b";
    if (!settings.hostsFile.empty()) {
      hosts = HostsFile::read(settings.hostsFile);
      options.lookups = onlyServers;
      mask |= ARES_OPT_LOOKUPS;
    }
    ready = ares_init_options(&channel, &options, mask) == ARES_SUCCESS;
    if (ready && !settings.servers.empty()) {
      ares_set_servers_ports_csv(channel, settings.servers.c_str());
    }
  }
  ~State() {
    event::EventLoop::cancel(timer);
    if (ready) ares_destroy(channel);
  }

  struct Socket final : event::FdHandler {
    Socket(State& state, ares_socket_t fd) : state(state), fd(fd) {}
    void onReady(bool readable, bool writable, bool) override {
      ares_process_fd(state.channel, readable ? fd : ARES_SOCKET_BAD,
                      writable ? fd : ARES_SOCKET_BAD);
      state.kick();
    }
    State& state;
    ares_socket_t fd;
    event::FdWatch watch;
  };

  static void onSocketState(void* self, ares_socket_t fd, int readable, int writable) {
    auto* state = static_cast<State*>(self);
    auto found = state->sockets.find(fd);
    if (!readable && !writable) {
      if (found == state->sockets.end()) return;
      found->second->watch.stop();
      state->closed.push_back(std::move(found->second));  // may be on the stack
      state->sockets.erase(found);
      return;
    }
    if (found == state->sockets.end()) {
      found = state->sockets.emplace(fd, std::make_unique<Socket>(*state, fd)).first;
    }
    found->second->watch.startLevel(state->loop, fd, readable, writable, *found->second);
  }

  void sweep() {
    if (closed.empty()) return;
    struct Graves final : event::Deferred {
      std::vector<std::unique_ptr<Socket>> sockets;
    };
    auto graves = std::make_unique<Graves>();
    graves->sockets.swap(closed);
    loop.deferDelete(std::move(graves));
  }

  void rearm() {
    timeval wait{};
    timeval* next = ares_timeout(channel, nullptr, &wait);
    event::EventLoop::cancel(timer);
    if (next != nullptr) {
      loop.arm(timer, std::chrono::seconds(next->tv_sec) +
                          std::chrono::microseconds(next->tv_usec) + event::Millis(1));
    }
  }

  void kick() {
    sweep();
    rearm();
  }

  void onTimeout() {
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    kick();
  }

  event::EventLoop& loop;
  std::optional<HostsFile> hosts;
  ares_channel channel = nullptr;
  bool ready = false;
  std::unordered_map<ares_socket_t, std::unique_ptr<Socket>> sockets;
  std::vector<std::unique_ptr<Socket>> closed;
  event::MemberTimer<State, &State::onTimeout> timer{*this};
};

DnsChannel::DnsChannel(event::EventLoop& loop, const ResolverSettings& settings)
    : state_(std::make_unique<State>(loop, settings)) {}
DnsChannel::~DnsChannel() = default;

ares_channeldata* DnsChannel::get() { return state_->ready ? state_->channel : nullptr; }
const HostsFile* DnsChannel::hosts() const { return state_->hosts ? &*state_->hosts : nullptr; }
void DnsChannel::kick() { state_->kick(); }

}  // namespace tollgate::net
