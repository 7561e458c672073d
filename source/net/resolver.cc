#include "source/net/resolver.h"

#include <ares.h>
#include <netdb.h>

#include <algorithm>

namespace tollgate::net {

using event::TimePoint;

namespace {

/// ares_library_init is not safe from several threads at once; a static makes it so.
void initLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  (void)status;
}

struct Waiter {
  uint64_t id;
  std::function<void(const std::vector<Address>&, ResolveError)> done;
};

struct Name {
  std::string name;
  std::vector<Address> addresses;  ///< The last good answer.
  ResolveError error = ResolveError::kNone;
  TimePoint expires{};   ///< Of the answer or of the error.
  TimePoint staleEnd{};  ///< Until when `addresses` may serve.
  bool querying = false;
  std::vector<Waiter> waiters;
};

}  // namespace

struct Resolver::State final {
  State(event::EventLoop& loop, ResolverSettings settings)
      : loop(loop), settings(std::move(settings)) {
    initLibrary();
    ares_options options{};
    options.timeout = static_cast<int>(this->settings.timeout.count());
    options.tries = this->settings.tries;
    options.sock_state_cb = &State::onSocketState;
    options.sock_state_cb_data = this;
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    ready = ares_init_options(&channel, &options, mask) == ARES_SUCCESS;
    if (ready && !this->settings.servers.empty()) {
      ares_set_servers_ports_csv(channel, this->settings.servers.c_str());
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
      state.sweep();
      state.rearm();
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

  void onTimeout() {
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    sweep();
    rearm();
  }

  struct Query {
    State* state;
    Name* name;
  };

  void query(Name& name) {
    if (name.querying) return;
    name.querying = true;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel, name.name.c_str(), nullptr, &hints, &State::onAnswer,
                     new Query{this, &name});
    sweep();
    rearm();
  }

  static void onAnswer(void* argument, int status, int, ares_addrinfo* answer) {
    std::unique_ptr<Query> query(static_cast<Query*>(argument));
    if (status == ARES_EDESTRUCTION) return;
    query->state->finish(*query->name, status, answer);
    if (answer != nullptr) ares_freeaddrinfo(answer);
  }

  void finish(Name& name, int status, ares_addrinfo* answer) {
    name.querying = false;
    TimePoint now = loop.now();
    std::vector<Address> addresses;
    int ttl = 3600;
    if (status == ARES_SUCCESS && answer != nullptr) {
      for (ares_addrinfo_node* node = answer->nodes; node != nullptr; node = node->ai_next) {
        addresses.push_back(Address::fromSockaddr(node->ai_addr, node->ai_addrlen));
        if (node->ai_ttl >= 0 && node->ai_ttl < ttl) ttl = node->ai_ttl;
      }
    }
    if (!addresses.empty()) {
      name.addresses = std::move(addresses);
      name.error = ResolveError::kNone;
      name.expires = now + std::chrono::seconds(std::max(ttl, 1));
      name.staleEnd = name.expires + settings.staleTtl;
    } else {
      bool missing = status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA;
      name.error = missing ? ResolveError::kNotFound : ResolveError::kFailed;
      name.expires = now + (missing ? settings.notFoundTtl : settings.errorTtl);
    }
    auto waiters = std::move(name.waiters);
    name.waiters.clear();
    bool usable = !name.addresses.empty() && now < name.staleEnd;
    for (Waiter& waiter : waiters) {
      waiter.done(usable ? name.addresses : none, usable ? ResolveError::kNone : name.error);
    }
  }

  Name& entry(std::string_view text) {
    std::string key(text);
    auto found = names.find(key);
    if (found != names.end()) return *found->second;
    if (names.size() >= settings.maxNames) evict();
    auto name = std::make_unique<Name>();
    name->name = key;
    return *names.emplace(std::move(key), std::move(name)).first->second;
  }

  void evict() {
    for (auto it = names.begin(); it != names.end();) {
      Name& name = *it->second;
      bool idle = !name.querying && name.waiters.empty() && name.expires <= loop.now();
      it = idle ? names.erase(it) : std::next(it);
    }
  }

  event::EventLoop& loop;
  ResolverSettings settings;
  ares_channel channel = nullptr;
  bool ready = false;
  uint64_t nextId = 1;
  const std::vector<Address> none;
  std::unordered_map<std::string, std::unique_ptr<Name>> names;
  std::unordered_map<ares_socket_t, std::unique_ptr<Socket>> sockets;
  std::vector<std::unique_ptr<Socket>> closed;
  event::MemberTimer<State, &State::onTimeout> timer{*this};
};

Resolver::Resolver(event::EventLoop& loop, ResolverSettings settings)
    : state_(std::make_unique<State>(loop, std::move(settings))) {}
Resolver::~Resolver() = default;

size_t Resolver::names() const { return state_->names.size(); }

const std::vector<Address>* Resolver::cached(std::string_view text) {
  auto found = state_->names.find(std::string(text));
  if (found == state_->names.end()) return nullptr;
  Name& name = *found->second;
  TimePoint now = state_->loop.now();
  if (name.addresses.empty() || now >= name.staleEnd) return nullptr;
  if (now >= name.expires) state_->query(name);
  return &name.addresses;
}

uint64_t Resolver::resolve(std::string_view text, Done done) {
  if (!state_->ready) {
    done(state_->none, ResolveError::kFailed);
    return 0;
  }
  if (const std::vector<Address>* addresses = cached(text)) {
    done(*addresses, ResolveError::kNone);
    return 0;
  }
  Name& name = state_->entry(text);
  if (name.error != ResolveError::kNone && state_->loop.now() < name.expires) {
    done(state_->none, name.error);
    return 0;
  }
  uint64_t id = state_->nextId++;
  name.waiters.push_back({id, std::move(done)});
  state_->query(name);
  for (const Waiter& waiter : name.waiters) {
    if (waiter.id == id) return id;
  }
  return 0;  // answered meanwhile (hosts file)
}

void Resolver::cancel(uint64_t id) {
  if (id == 0) return;
  for (auto& [key, name] : state_->names) {
    for (size_t i = 0; i < name->waiters.size(); ++i) {
      if (name->waiters[i].id == id) {
        name->waiters.erase(name->waiters.begin() + static_cast<ptrdiff_t>(i));
        return;
      }
    }
  }
}

}  // namespace tollgate::net
