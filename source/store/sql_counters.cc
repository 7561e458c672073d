#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <tuple>

#include "source/store/sql_store.h"

namespace tollgate::store {
namespace {

constexpr std::chrono::seconds kPruneInterval{60};
constexpr int64_t kClockSlackMillis = 60'000;  // nodes' clocks differ a little
constexpr size_t kColumns = 5;                 // parameters of one counter

int64_t toNumber(const SqlValue& text) {
  int64_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

auto identity(const CounterKey& key) {
  return std::tie(key.identifier, key.period, key.serviceId, key.routeId, key.windowStartMillis);
}

/// The counters of one call in the one order in which every node locks them, so that none waits for
/// another in a circle.
class Counters {
 public:
  explicit Counters(const std::vector<CounterKey>& keys) : keys_(keys), order_(keys.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(),
              [&](size_t a, size_t b) { return identity(keys[a]) < identity(keys[b]); });
  }

  bool distinct() const {
    return std::adjacent_find(order_.begin(), order_.end(), [&](size_t a, size_t b) {
             return identity(keys_[a]) == identity(keys_[b]);
           }) == order_.end();
  }

  std::vector<SqlValue> parameters() const {
    std::vector<SqlValue> out;
    for (size_t i : order_) {
      const CounterKey& key = keys_[i];
      out.insert(out.end(), {key.identifier, key.period, key.serviceId, key.routeId,
                             std::to_string(key.windowStartMillis)});
    }
    return out;
  }

  /// SQL for each counter, given it and the number of its first parameter.
  template <typename PerCounter>
  std::string sql(std::string_view separator, PerCounter perCounter) const {
    std::string out;
    for (size_t i = 0; i < order_.size(); ++i) {
      if (i > 0) out += separator;
      out += perCounter(keys_[order_[i]], i * kColumns + 1);
    }
    return out;
  }

  /// Puts the value of a row (identifier, period, service, route, start, value) where it belongs.
  void set(const SqlRow& row, int64_t less, std::vector<int64_t>& usages) const {
    for (size_t i = 0; i < keys_.size(); ++i) {
      const CounterKey& key = keys_[i];
      if (row[0] == key.identifier && row[1] == key.period && row[2] == key.serviceId &&
          row[3] == key.routeId && toNumber(row[4]) == key.windowStartMillis) {
        usages[i] = toNumber(row[5]) - less;
      }
    }
  }

 private:
  const std::vector<CounterKey>& keys_;
  std::vector<size_t> order_;
};

std::string number(size_t parameter) { return "$" + std::to_string(parameter); }
std::string bigint(size_t parameter) { return "CAST(" + number(parameter) + " AS BIGINT)"; }

constexpr const char* kRow =
    "identifier, period, service_id, route_id, CAST(window_start AS TEXT), CAST(value AS TEXT)";

std::string selectSql(const Counters& counters) {
  return std::string("SELECT ") + kRow + " FROM counters WHERE " +
         counters.sql(" OR ", [](const CounterKey&, size_t first) {
           return "(identifier = " + number(first) + " AND period = " + number(first + 1) +
                  " AND service_id = " + number(first + 2) +
                  " AND route_id = " + number(first + 3) +
                  " AND window_start = " + bigint(first + 4) + ")";
         });
}

std::string addSql(const Counters& counters) {
  return "INSERT INTO counters (identifier, period, service_id, route_id, window_start, expires_at,"
         " value) VALUES " +
         counters.sql(", ",
                      [](const CounterKey& key, size_t first) {
                        std::string row = "(";
                        for (size_t i = 0; i < 4; ++i) row += number(first + i) + ", ";
                        std::string start = bigint(first + 4);
                        return row + start + ", " + start + " + " +
                               std::to_string(key.windowSeconds * 1000) + ", 1)";
                      }) +
         " ON CONFLICT (identifier, period, service_id, route_id, window_start)"
         " DO UPDATE SET value = counters.value + 1 RETURNING " +
         kRow;
}

bool anyReached(const std::vector<int64_t>& usages, const std::vector<int64_t>& limits) {
  for (size_t i = 0; i < usages.size(); ++i) {
    if (usages[i] >= limits[i]) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<int64_t>> SqlStore::takeCounters(const std::vector<CounterKey>& keys,
                                                    const std::vector<int64_t>& limits) {
  Counters counters(keys);
  if (keys.size() != limits.size()) return Error::invalid("each counter needs one limit");
  if (!counters.distinct()) return Error::invalid("a counter is named twice");
  std::vector<int64_t> usages(keys.size(), 0);
  if (keys.empty()) return usages;
  // A usage never falls, so one that has reached its limit decides without a lock.
  std::vector<SqlValue> parameters = counters.parameters();
  Status status = note(connection_->query(
      selectSql(counters), parameters, [&](const SqlRow& row) { counters.set(row, 0, usages); }));
  if (!status) return std::move(status).error();
  if (anyReached(usages, limits)) return usages;

  if (status = note(connection_->beginCount()); !status) return std::move(status).error();
  status = note(connection_->query(addSql(counters), parameters,
                                   [&](const SqlRow& row) { counters.set(row, 1, usages); }));
  if (status.ok() && anyReached(usages, limits)) {
    connection_->rollback();
    return usages;
  }
  if (status.ok()) status = note(connection_->commit());
  if (!status) {
    connection_->rollback();
    return std::move(status).error();
  }
  pruneCounters();
  return usages;
}

void SqlStore::pruneCounters() {
  auto now = std::chrono::steady_clock::now();
  if (now < nextPrune_) return;
  nextPrune_ = now + kPruneInterval;
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  // Nobody waits for this, and the next one makes up for one that fails.
  (void)connection_->execute("DELETE FROM counters WHERE expires_at < CAST($1 AS BIGINT)",
                             {std::to_string(millis - kClockSlackMillis)});
}

}  // namespace tollgate::store
