#include "source/net/resolver.h"

#include <algorithm>
#include <numeric>

#include "source/net/name_lookup.h"

namespace tollgate::net {

using event::TimePoint;

namespace {

/// Entries of a wheel at most; weights that would need more are scaled down.
constexpr uint32_t kMaxWheel = 1000;

struct Waiter {
  uint64_t id;
  std::function<void(const std::vector<Address>&, ResolveError)> done;
};

struct Name {
  std::string name;
  RecordType last = RecordType::kNone;
  std::vector<Address> addresses;  ///< The last good answer.
  size_t turn = 0;
  ResolveError error = ResolveError::kNone;
  TimePoint expires{};   ///< Of the answer or of the error.
  TimePoint staleEnd{};  ///< Until when `addresses` may serve.
  bool querying = false;
  std::vector<Waiter> waiters;
};

/// Each address as often as its weight says, spread evenly (smooth weighted round-robin).
std::vector<Address> wheelOf(const std::vector<NameRecords::Record>& records) {
  std::vector<Address> out;
  const bool even = std::all_of(records.begin(), records.end(), [&](const auto& record) {
    return record.weight == records.front().weight;
  });
  if (even) {
    for (const auto& record : records) out.push_back(record.address);
    return out;
  }
  uint64_t total = 0;
  uint32_t divisor = 0;
  for (const auto& record : records) {
    total += record.weight;
    divisor = std::gcd(divisor, record.weight);
  }
  const uint64_t scale = std::max<uint64_t>(divisor, (total + kMaxWheel - 1) / kMaxWheel);
  std::vector<int64_t> weights, current(records.size(), 0);
  for (const auto& record : records) {
    weights.push_back(static_cast<int64_t>(std::max<uint64_t>(record.weight / scale, 1)));
  }
  const int64_t turns = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  for (int64_t turn = 0; turn < turns; ++turn) {
    for (size_t i = 0; i < weights.size(); ++i) current[i] += weights[i];
    const auto next = std::max_element(current.begin(), current.end());
    *next -= turns;
    out.push_back(records[static_cast<size_t>(next - current.begin())].address);
  }
  return out;
}

}  // namespace

struct Resolver::State final {
  State(event::EventLoop& loop, ResolverSettings settings)
      : loop(loop),
        settings(std::move(settings)),
        lookup(loop, this->settings, NameLookup::Families::kBoth) {}

  void query(Name& name) {
    if (name.querying) return;
    name.querying = true;
    lookup.start(name.name, name.last,
                 [this, &name](NameRecords records) { finish(name, std::move(records)); });
  }

  void finish(Name& name, NameRecords records) {
    name.querying = false;
    const TimePoint now = loop.now();
    if (records.error.empty()) {
      name.last = records.type;
      name.addresses = wheelOf(records.records);
      name.error = ResolveError::kNone;
      name.expires = now + std::max(records.ttl, std::chrono::seconds(1));
      name.staleEnd = name.expires + settings.staleTtl;
    } else {
      name.error = records.missing ? ResolveError::kNotFound : ResolveError::kFailed;
      name.expires = now + (records.missing ? settings.notFoundTtl : settings.errorTtl);
    }
    auto waiters = std::move(name.waiters);
    name.waiters.clear();
    bool usable = !name.addresses.empty() && now < name.staleEnd;
    for (Waiter& waiter : waiters) {
      turn = ++name.turn;
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
  size_t turn = 0;
  const std::vector<Address> none;
  std::unordered_map<std::string, std::unique_ptr<Name>> names;
  /// Last: what it ends with knows the names above.
  NameLookup lookup;
};

Resolver::Resolver(event::EventLoop& loop, ResolverSettings settings)
    : state_(std::make_unique<State>(loop, std::move(settings))) {}
Resolver::~Resolver() = default;

size_t Resolver::names() const { return state_->names.size(); }

size_t Resolver::turn() const { return state_->turn; }

const std::vector<Address>* Resolver::cached(std::string_view text) {
  auto found = state_->names.find(std::string(text));
  if (found == state_->names.end()) return nullptr;
  Name& name = *found->second;
  TimePoint now = state_->loop.now();
  if (name.addresses.empty() || now >= name.staleEnd) return nullptr;
  if (now >= name.expires) state_->query(name);
  state_->turn = ++name.turn;
  return &name.addresses;
}

uint64_t Resolver::resolve(std::string_view text, Done done) {
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
