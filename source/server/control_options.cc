#include "source/server/control_options.h"

#include <algorithm>

namespace tollgate::server {
namespace {

constexpr double kYear = 366.0 * 86400;

std::chrono::milliseconds seconds(const Settings& settings, const char* name, double least,
                                  double most) {
  double value = std::clamp(settings.number(name), least, most);
  return std::chrono::milliseconds(static_cast<int64_t>(value * 1000));
}

int64_t count(const Settings& settings, const char* name, double most) {
  return static_cast<int64_t>(std::clamp(settings.number(name), 0.0, most));
}

}  // namespace

Control::Options controlOptions(const Settings& settings) {
  Control::Options out;
  out.pollInterval = seconds(settings, "db_update_frequency", 0.1, kYear);
  out.presence.interval = seconds(settings, "node_heartbeat", 0.1, 3600);
  store::NodeRegistry::Limits& limits = out.presence.limits;
  limits.live = seconds(settings, "node_live_timeout", 1, kYear);
  // A node that misses one heartbeat is not yet gone.
  limits.live = std::max(limits.live, 2 * out.presence.interval);
  limits.forget = std::max(seconds(settings, "node_forget_after", 1, 10 * kYear), limits.live);
  out.history.revisions = static_cast<size_t>(count(settings, "history_revisions", 1e12));
  out.history.days = count(settings, "history_days", 36500);
  out.waitersLimit = static_cast<size_t>(count(settings, "admin_wait_limit", 1e6));
  return out;
}

}  // namespace tollgate::server
