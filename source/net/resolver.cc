#include "source/net/resolver.h"

#include <ares.h>
#include <netdb.h>

#include <algorithm>

#include "source/net/dns_channel.h"

namespace tollgate::net {

using event::TimePoint;

namespace {

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
      : loop(loop), settings(std::move(settings)), channel(loop, this->settings) {}

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
    ares_getaddrinfo(channel.get(), name.name.c_str(), nullptr, &hints, &State::onAnswer,
                     new Query{this, &name});
    channel.kick();
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
  uint64_t nextId = 1;
  const std::vector<Address> none;
  std::unordered_map<std::string, std::unique_ptr<Name>> names;
  /// Last: what it ends with tells the names above.
  DnsChannel channel;
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
  if (state_->channel.get() == nullptr) {
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
