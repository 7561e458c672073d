#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/rate_limiting/headers.h"
#include "filters/http/rate_limiting/limit.h"
#include "filters/http/rate_limiting/rate_limiting.pb.h"
#include "filters/http/rate_limiting/redis_client.h"
#include "source/base/short_hash.h"
#include "source/event/event_loop.h"
#include "source/schema/checks.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using namespace rate_limiting;

constexpr std::string_view kZeroUuid = "00000000-0000-0000-0000-000000000000";
constexpr std::string_view kUnexpected = R"({"message":"An unexpected error occurred"})";

constexpr double kDefaultCells = 262144;  ///< Where the process has no settings.

/// What becomes of requests without the store that counts them.
constexpr std::string_view kUncounted =
    "requests pass uncounted, or are answered 500 where fault_tolerant is off";

constexpr std::string_view kDatabaseAway = "it does not count now";

/// Who picks identifiers must not be able to pick cells. Without random bytes hashing still works.
ShortHash::Key randomKey() {
  ShortHash::Key key{};
  if (getrandom(key.data(), sizeof key, 0) != sizeof key) key.fill(1);
  return key;
}

std::shared_ptr<engine::Dependency> dependencyOf(engine::Dependencies* all, std::string name) {
  if (all == nullptr) return nullptr;
  return all->use(std::move(name), std::string(kUncounted));
}

/// What outlives configurations: counting goes on when a plugin is changed.
class Shared {
 public:
  explicit Shared(const engine::FilterContext& context) : table(cellsOf(context)) {}
  CellTable table;
  ShortHash hash{randomKey()};

  /// The clients of these settings. Control thread.
  std::shared_ptr<engine::WorkerLocal<RedisClient>> clientsOf(
      RedisSettings settings, const engine::FilterContext& context) {
    std::erase_if(redis_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<engine::WorkerLocal<RedisClient>>& known = redis_[settings.identity()];
    auto clients = known.lock();
    if (clients == nullptr) {
      std::string name = "rate-limiting: Redis " + settings.address();
      if (settings.database != 0) name += " database " + std::to_string(settings.database);
      auto dependency = dependencyOf(context.dependencies, std::move(name));
      clients = std::make_shared<engine::WorkerLocal<RedisClient>>(
          *context.services, [settings = std::move(settings),
                              dependency = std::move(dependency)](engine::WorkerServices& worker) {
            return std::make_unique<RedisClient>(worker, settings, dependency);
          });
      known = clients;
    }
    return clients;
  }

 private:
  /// How many limits of clients are kept track of.
  static size_t cellsOf(const engine::FilterContext& context) {
    const double wanted = context.setting ? context.setting("rate_limit_cells") : kDefaultCells;
    return static_cast<size_t>(std::clamp(wanted, 8.0, 1e8));
  }

  std::map<std::string, std::weak_ptr<engine::WorkerLocal<RedisClient>>>
      redis_;  ///< By identity().
};

enum class LimitBy { kConsumer, kCredential, kIp, kService, kHeader, kPath };
enum class Policy { kLocal, kCluster, kRedis };

/// One limit of the configuration with what was prepared for it.
struct Window {
  Limit limit;
  std::unique_ptr<Algorithm> algorithm;
  uint64_t scope = 0;  ///< A hash of what the limit is of.

  /// The key of the cell that counts for somebody.
  uint64_t cellOf(Hash128 who) const { return ShortHash::bucket({who.low ^ scope, who.high}) | 1; }
};

struct State {
  State() {}          // what is shown is written before it is read
  bool told = false;  ///< What is shown belongs into the response.
  bool rejected = false;
  Shown shown[kPeriods];  ///< One for each limit.
};

std::unique_ptr<Algorithm> makeAlgorithm(const std::string& name, Limit limit) {
  if (name == "fixed-window") return std::make_unique<FixedWindow>(limit);
  if (name == "sliding-window") return std::make_unique<SlidingWindow>(limit);
  return std::make_unique<TokenBucket>(limit);
}

Result<RedisSettings> redisSettings(const http::rate_limiting::v1::Redis& redis,
                                    const engine::FilterContext& context) {
  RedisSettings out;
  out.host = redis.host();
  out.port = static_cast<uint16_t>(redis.has_port() ? redis.port() : 6379);
  if (redis.has_timeout()) out.timeout = std::chrono::milliseconds(std::max(redis.timeout(), 1));
  out.username = redis.username();
  out.password = redis.password();
  out.database = redis.database();
  out.serverName = redis.server_name();
  if (redis.ssl()) {
    if (context.tls == nullptr) {
      return Error::invalid("redis.ssl: this process has no TLS for filters");
    }
    auto client = context.tls->client(redis.ssl_verify());
    if (!client) return Error::invalid("redis.ssl: " + client.error().text());
    out.tls = std::move(client).value();
  }
  return out;
}

class RateLimiting final : public engine::Filter<http::rate_limiting::v1::Config, State> {
 public:
  using Shared = filters::Shared;

  static std::string check(const Json& config);
  static Result<std::unique_ptr<RateLimiting>> create(const Config& config,
                                                      const engine::FilterContext& context,
                                                      Shared& shared);
  RateLimiting(const Config& config, const engine::FilterContext& context, Shared& shared)
      : shared_(shared),
        counters_(context.counters),
        routeId_(context.routeId.empty() ? kZeroUuid : context.routeId),
        serviceId_(context.serviceId.empty() ? kZeroUuid : context.serviceId),
        headerName_(config.header_name()),
        path_(config.path()),
        message_(config.has_error_message() ? config.error_message() : "API rate limit exceeded"),
        status_(config.has_error_code() ? config.error_code() : 429),
        faultTolerant_(config.fault_tolerant()),
        hideHeaders_(config.hide_client_headers()) {
    const std::string& by = config.limit_by();
    limitBy_ = by == "credential" ? LimitBy::kCredential
               : by == "ip"       ? LimitBy::kIp
               : by == "service"  ? LimitBy::kService
               : by == "header"   ? LimitBy::kHeader
               : by == "path"     ? LimitBy::kPath
                                  : LimitBy::kConsumer;
    policy_ = config.policy() == "redis"     ? Policy::kRedis
              : config.policy() == "cluster" ? Policy::kCluster
                                             : Policy::kLocal;
    addWindow(config.has_second(), config.second(), Period::kSecond, config.algorithm());
    addWindow(config.has_minute(), config.minute(), Period::kMinute, config.algorithm());
    addWindow(config.has_hour(), config.hour(), Period::kHour, config.algorithm());
    addWindow(config.has_day(), config.day(), Period::kDay, config.algorithm());
    addWindow(config.has_month(), config.month(), Period::kMonth, config.algorithm());
    addWindow(config.has_year(), config.year(), Period::kYear, config.algorithm());
  }
  /// Told whether the store of policy "cluster" counts.
  void useDatabase(std::shared_ptr<engine::Dependency> database) {
    database_ = std::move(database);
  }
  void useRedis(std::shared_ptr<engine::WorkerLocal<RedisClient>> redis) {
    redis_ = std::move(redis);
  }

  engine::Action onRequest(engine::Exchange& exchange, State& kept) const {
    if (policy_ == Policy::kLocal) {
      kept.rejected = !takeLocal(exchange, kept);
      kept.told = !hideHeaders_;
      if (!kept.rejected) return engine::Action::kContinue;
      reject(exchange);
      return engine::Action::kPause;
    }
    askStore(exchange, kept);
    return engine::Action::kPause;
  }

  engine::Action onResponse(engine::Exchange& exchange, State& kept,
                            engine::ResponseHead& head) const {
    if (kept.told) headers_.write(head.headers, exchange.arena(), kept.shown, kept.rejected);
    return engine::Action::kContinue;
  }

 private:
  void addWindow(bool configured, double requests, Period period, const std::string& algorithm) {
    if (!configured) return;
    Window window;
    window.limit = {requests, period};
    headers_.add(window.limit);
    window.algorithm = makeAlgorithm(algorithm, window.limit);
    const std::string scope = routeId_ + serviceId_ + algorithm + std::string(nameOf(period));
    window.scope = ShortHash::bucket(shared_.hash(scope));
    windows_.push_back(std::move(window));
  }

  std::string_view identifier(engine::Exchange& exchange) const {
    std::string_view found;
    switch (limitBy_) {
      case LimitBy::kConsumer:
        if (const engine::Consumer* consumer = exchange.consumer()) found = consumer->id;
        if (found.empty()) found = exchange.credentialId();
        break;
      case LimitBy::kCredential:
        found = exchange.credentialId();
        break;
      case LimitBy::kIp:
        break;
      case LimitBy::kService:
        found = exchange.serviceId();
        break;
      case LimitBy::kHeader:
        // An empty value is one, too.
        if (const engine::Header* header = exchange.request().headers.find(headerName_)) {
          return header->value();
        }
        break;
      case LimitBy::kPath:
        if (exchange.normalizedPath() == path_) found = path_;
        break;
    }
    return found.empty() ? exchange.clientIp() : found;
  }

  // ---- Counting in this process

  bool takeLocal(engine::Exchange& exchange, State& state) const {
    const int64_t now = exchange.loop().unixMillis();
    const engine::Consumer* consumer = exchange.consumer();
    const bool byConsumer = limitBy_ == LimitBy::kConsumer && consumer != nullptr;
    const Hash128 who = shared_.hash(byConsumer ? consumer->id : identifier(exchange));
    if (windows_.size() != 1) return takeAll(who, now, state.shown);
    const uint64_t key = windows_[0].cellOf(who);
    return take(windows_[0], key, shared_.table.find(key, now), now, *state.shown);
  }

  /// Looks up the cells, then takes from all limits or from none.
  bool takeAll(Hash128 who, int64_t now, Shown* shown) const {
    std::array<uint64_t, kPeriods> keys;
    std::array<Cell*, kPeriods> cells;
    bool allowed = true;
    for (size_t i = 0; i < windows_.size(); ++i) {
      keys[i] = windows_[i].cellOf(who);
      cells[i] = &shared_.table.find(keys[i], now);
      allowed = show(windows_[i].algorithm->look(*cells[i], now), shown[i]) && allowed;
    }
    for (size_t i = 0; allowed && i < windows_.size(); ++i) {
      if (take(windows_[i], keys[i], *cells[i], now, shown[i])) continue;
      allowed = false;  // another thread was faster
      while (i-- > 0) {
        if (CellTable::stillOf(*cells[i], keys[i])) windows_[i].algorithm->giveBack(*cells[i], now);
      }
      break;
    }
    return allowed;
  }

  bool take(const Window& window, uint64_t key, Cell& cell, int64_t now, Shown& shown) const {
    Cell* place = &cell;
    while (true) {
      const Standing standing = window.algorithm->take(*place, now);
      if (CellTable::stillOf(*place, key)) return show(standing, shown);
      place = &shared_.table.find(key, now);  // it was given away in between
    }
  }

  /// Notes where the client stands; whether it may pass.
  static bool show(const Standing& standing, Shown& shown) {
    shown = {standing.allowed ? standing.remaining : 0, standing.resetMillis};
    return standing.allowed;
  }

  // ---- Counting in a store: fixed windows, as all its users count

  void askStore(engine::Exchange& exchange, State& state) const {
    int64_t now = exchange.loop().unixMillis();
    engine::PauseHandle handle = exchange.pauseHandle();
    auto answered = [this, handle, &state, now](bool ok, const std::vector<int64_t>& usages) {
      if (engine::Exchange* waiting = handle.get())
        decide(*waiting, handle, state, now, ok, usages);
    };
    const std::string who(identifier(exchange));
    if (policy_ == Policy::kRedis) return askRedis(exchange, who, now, std::move(answered));
    if (counters_ == nullptr) {
      return exchange.loop().post([answered = std::move(answered)] { answered(false, {}); });
    }
    auto noted = [answered = std::move(answered), database = database_](
                     bool ok, const std::vector<int64_t>& usages) {
      if (database != nullptr) ok ? database->answered() : database->failed(kDatabaseAway);
      answered(ok, usages);
    };
    std::vector<engine::SharedCounters::Key> keys;
    std::vector<int64_t> limits;
    for (const Window& window : windows_) {
      keys.push_back({who, periodKey(window), serviceId_, routeId_,
                      windowStart(window.limit.period, now), millisOf(window.limit.period) / 1000});
      limits.push_back(static_cast<int64_t>(std::ceil(std::min(window.limit.requests, 9e18))));
    }
    counters_->take(exchange.loop(), std::move(keys), std::move(limits), std::move(noted));
  }

  template <typename Done>
  void askRedis(engine::Exchange& exchange, const std::string& who, int64_t now, Done done) const {
    std::vector<std::string> keys;
    std::vector<int64_t> seconds;
    for (const Window& window : windows_) {
      keys.push_back("ratelimit:" + routeId_ + ":" + serviceId_ + ":" + who + ":" +
                     std::to_string(windowStart(window.limit.period, now)) + ":" +
                     periodKey(window));
      seconds.push_back(millisOf(window.limit.period) / 1000);
    }
    redis_->get(exchange.loop()).count(keys, seconds, std::move(done));
  }

  static std::string periodKey(const Window& window) {
    std::string name(nameOf(window.limit.period));
    name[0] = static_cast<char>(name[0] - 'A' + 'a');
    return name;
  }

  void decide(engine::Exchange& exchange, const engine::PauseHandle& handle, State& state,
              int64_t now, bool ok, const std::vector<int64_t>& usages) const {
    if (!ok || usages.size() != windows_.size()) {
      if (faultTolerant_) return handle.resume();
      return exchange.reply(500, "application/json; charset=utf-8", kUnexpected);
    }
    for (size_t i = 0; i < windows_.size(); ++i) {
      double left = windows_[i].limit.requests - static_cast<double>(usages[i]);
      state.rejected = state.rejected || left <= 0;
    }
    for (size_t i = 0; i < windows_.size(); ++i) {
      const Limit& limit = windows_[i].limit;
      double left = limit.requests - static_cast<double>(usages[i]);
      bool counted = !state.rejected || left <= 0;
      state.shown[i] = {std::max(counted ? left - 1 : left, 0.0),
                        windowStart(limit.period, now) + millisOf(limit.period) - now};
    }
    state.told = !hideHeaders_;
    if (!state.rejected) return handle.resume();
    reject(exchange);
  }

  void reject(engine::Exchange& exchange) const {
    if (status_ >= 400 && status_ < 600) {
      return exchange.replyError(static_cast<int>(status_), message_);
    }
    exchange.replyError(500, "An unexpected error occurred");
  }

  Shared& shared_;
  engine::SharedCounters* counters_;
  std::shared_ptr<engine::WorkerLocal<RedisClient>> redis_;
  std::shared_ptr<engine::Dependency> database_;
  std::vector<Window> windows_;
  LimitHeaders headers_;
  std::string routeId_, serviceId_, headerName_, path_, message_;
  double status_;
  LimitBy limitBy_ = LimitBy::kConsumer;
  Policy policy_ = Policy::kLocal;
  bool faultTolerant_, hideHeaders_;
};

/// A larger window must not allow less than a smaller one.
std::string checkWindows(const Json& config) {
  static constexpr const char* kNames[] = {"second", "minute", "hour", "day", "month", "year"};
  for (size_t i = 0; i < kPeriods; ++i) {
    const Json& low = schema::valueAt(config, kNames[i]);
    if (!low.is_number()) continue;
    for (size_t k = i + 1; k < kPeriods; ++k) {
      const Json& high = schema::valueAt(config, kNames[k]);
      if (high.is_number() && high.get<double>() < low.get<double>()) {
        return fmt::format("The limit for {}({:.1f}) cannot be lower than the limit for {}({:.1f})",
                           kNames[k], high.get<double>(), kNames[i], low.get<double>());
      }
    }
  }
  return "";
}

std::string RateLimiting::check(const Json& config) {
  if (std::string problem = checkWindows(config); !problem.empty()) return problem;
  const Json& rate = schema::valueAt(config, "sync_rate");
  if (!rate.is_number() || rate.get<double>() == -1) return "";
  if (schema::valueAt(config, "policy") != "redis") {
    return "sync_rate can only be used with the redis policy";
  }
  return rate.get<double>() < 0.02 ? "sync_rate must be greater than 0.02, or -1 to disable" : "";
}

Result<std::unique_ptr<RateLimiting>> RateLimiting::create(const Config& config,
                                                           const engine::FilterContext& context,
                                                           Shared& shared) {
  if (config.algorithm() == "sliding-window") {
    for (double limit : {config.second(), config.minute(), config.hour(), config.day(),
                         config.month(), config.year()}) {
      if (limit > SlidingWindow::kMaxRequests) {
        return Error::invalid("algorithm sliding-window takes limits up to 16777215");
      }
    }
  }
  auto filter = std::make_unique<RateLimiting>(config, context, shared);
  if (config.policy() == "redis") {
    auto settings = redisSettings(config.redis(), context);
    if (!settings) return settings.error();
    if (context.services == nullptr) return Error::invalid("this process opens no connections");
    filter->useRedis(shared.clientsOf(std::move(settings).value(), context));
  }
  if (config.policy() == "cluster") {
    filter->useDatabase(dependencyOf(context.dependencies, "rate-limiting: the node's database"));
  }
  return filter;
}

}  // namespace

TOLLGATE_HTTP_FILTER(RateLimiting)

}  // namespace tollgate::filters
