#include "source/server/node_context.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "source/config/unserved.h"
#include "source/log/error_log.h"
#include "source/server/listen.h"
#include "source/server/open_admin_guard.h"
#include "source/server/proxy_options.h"

namespace tollgate::server {
namespace {

Json typed(const SettingSpec& spec, const std::string& value, const Settings& settings) {
  switch (spec.type) {
    case SettingSpec::Type::kFlag:
      return settings.flag(spec.name);
    case SettingSpec::Type::kNumber: {
      if (value.empty()) return nullptr;
      double number = settings.number(spec.name);
      if (number == static_cast<int64_t>(number)) return static_cast<int64_t>(number);
      return number;
    }
    case SettingSpec::Type::kList:
      return settings.list(spec.name);
    default:
      return value.empty() ? Json() : Json(value);
  }
}

/// The listeners of one setting, as scripts read them from GET /.
Json listeners(const Settings& settings, const char* name) {
  Json out = Json::array();
  auto entries = parseListen(name, settings.text(name));
  if (!entries) return out;
  for (const ListenEntry& entry : *entries) {
    bool six = entry.host.find(':') != std::string::npos;
    std::string text =
        (six ? "[" + entry.host + "]" : entry.host) + ":" + std::to_string(entry.port);
    for (const char* flag : {entry.ssl ? " ssl" : "", entry.http2 ? " http2" : ""}) text += flag;
    text += " reuseport backlog=" + std::to_string(entry.backlog);
    out.push_back({{"ip", entry.host},
                   {"port", entry.port},
                   {"ssl", entry.ssl},
                   {"http2", entry.http2},
                   {"proxy_protocol", false},
                   {"deferred", false},
                   {"bind", false},
                   {"reuseport", true},
                   {"backlog=%d+", true},
                   {"listener", text}});
  }
  return out;
}

}  // namespace

NodeContext::NodeContext(const Settings& settings, Control& control,
                         const store::Protector& protector, DeclarativeConfig& declarative,
                         upstream::ClusterRegistry& clusters, std::string nodeId)
    : settings_(settings),
      control_(control),
      store_(control.store(), callLimit(settings)),
      protector_(protector),
      declarative_(declarative),
      clusters_(clusters, [&control](const std::string& message) {
        return control.store().broadcast(message);
      }) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  node_.version = kReferenceVersion;
  node_.hostname = host;
  node_.nodeId = std::move(nodeId);
  node_.masterPid = getpid();
  node_.workerPids = {getpid()};
  store::NodeRecord record;
  record.id = node_.nodeId;
  record.hostname = node_.hostname;
  record.version = TOLLGATE_VERSION;
  record.sinceMillis = static_cast<int64_t>(now() * 1000);
  control_.setNode(std::move(record));
}

std::variant<store::Commit, store::Refusal> NodeContext::commit(std::vector<store::Change> changes,
                                                                store::Reason reason) {
  auto outcome = control_.commit(std::move(changes), reason);
  if (auto* done = std::get_if<store::Commit>(&outcome)) committed_ = done->revision;
  return outcome;
}

Result<store::Revision> NodeContext::advance(const store::Reason& reason) {
  auto revision = control_.advance(reason);
  if (revision) committed_ = *revision;
  return revision;
}

std::chrono::milliseconds NodeContext::callLimit(const Settings& settings) {
  const double seconds = std::clamp(settings.number("admin_call_timeout"), 0.1, 3600.0);
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

admin::WaitLimits NodeContext::waitLimits() {
  admin::WaitLimits out;
  double seconds = std::clamp(settings_.number("admin_wait_timeout"), 0.0, 3600.0);
  out.usual = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  out.most = std::max(out.most, out.usual);
  return out;
}

double NodeContext::now() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) /
         1000;
}

std::vector<admin::DependencyInfo> NodeContext::dependencies() {
  std::vector<admin::DependencyInfo> out;
  if (dependencies_ == nullptr) return out;
  for (http::Dependency::State& state : dependencies_->list()) {
    out.push_back({std::move(state.name), state.asked, state.good, std::move(state.reason),
                   static_cast<double>(state.sinceMillis) / 1000, state.failures});
  }
  return out;
}

admin::NodeInfo NodeContext::node() { return node_; }

Json NodeContext::configuration() {
  Json out = Json::object();
  for (const SettingSpec& spec : Settings::specs()) {
    out[spec.name] = typed(spec, settings_.text(spec.name), settings_);
    if (spec.secret && !settings_.text(spec.name).empty()) out[spec.name] = "******";
    const std::string& written = settings_.values().find(spec.name)->second;
    if (!spec.secret && written != settings_.text(spec.name)) out[spec.name] = written;
  }
  for (const char* name : {"proxy", "admin", "status"}) {
    out[std::string(name) + "_listeners"] =
        listeners(settings_, (std::string(name) + "_listen").c_str());
  }
  Json loaded = Json::object();
  for (const std::string& plugin : enabledPlugins()) loaded[plugin] = true;
  out["loaded_plugins"] = std::move(loaded);
  return out;
}

admin::ServerCounters NodeContext::counters() {
  return stats_ == nullptr ? admin::ServerCounters() : stats_->server();
}

stats::Snapshot NodeContext::metrics() {
  return stats_ == nullptr ? stats::Snapshot() : stats_->snapshot();
}

admin::MemoryUse NodeContext::memory() {
  admin::MemoryUse out;
  out.workers.push_back({getpid(), ProcessMemory::resident()});
  return out;
}

bool NodeContext::pluginListed(std::string_view name) {
  const std::vector<std::string> listed = settings_.list("plugins");
  return std::any_of(listed.begin(), listed.end(),
                     [&](const std::string& entry) { return entry == "bundled" || entry == name; });
}

std::vector<std::string> NodeContext::enabledPlugins() {
  std::vector<std::string> out;
  for (const schema::PluginInfo& plugin : schema::pluginInfos()) {
    if (pluginListed(plugin.name)) out.push_back(plugin.name);
  }
  return out;
}

std::vector<std::string> NodeContext::warnings(std::string_view kind, const Json& doc) {
  const auto current = control_.current();
  const route::RouteTable* routes = current == nullptr ? nullptr : current->routes.get();
  std::vector<std::string> out = WriteWarnings{store_, openAdmin_, routes}.of(kind, doc);
  if (std::string what = config::unserved(kind, doc); !what.empty()) out.push_back(std::move(what));
  return out;
}

std::vector<std::string> NodeContext::guiOrigins() {
  std::vector<std::string> out = settings_.list("admin_gui_url");
  for (std::string& url : out) url = originOf(url);
  return out;
}

std::string NodeContext::logLevel() { return std::string(log::nameOf(log::level())); }

bool NodeContext::setLogLevel(std::string_view level, uint64_t seconds, bool) {
  auto parsed = log::parseLevel(level);
  if (!parsed) return false;
  log::setLevel(*parsed, std::chrono::seconds(seconds));
  return true;
}

void NodeContext::logError(std::string_view text) { log::error(log::Level::kError, text); }

std::string NodeContext::notReady() {
  if (draining_) return "draining";
  if (settings_.text("database") == "off" && declarative_.hash() == DeclarativeConfig::kNoHash) {
    return "no configuration available (empty configuration present)";
  }
  return control_.current() == nullptr ? "no configuration available" : "";
}

}  // namespace tollgate::server
