#include "source/server/write_warnings.h"

#include <fmt/format.h>

#include "source/base/host_port.h"
#include "source/base/regex.h"
#include "source/config/document.h"
#include "source/route/compiled_route.h"

namespace tollgate::server {
namespace {

/// From here on regexes that any path may match are worth a word: each of them is held against
/// every request.
constexpr size_t kManyOpenRegexes = 100;

constexpr size_t kTargetsLookedAt = 1000;

}  // namespace

std::vector<std::string> WriteWarnings::of(std::string_view kind, const Json& doc) const {
  std::vector<std::string> out;
  if (kind == "routes") ofRegexes(doc, out);
  if (openAdmin == nullptr) return out;
  const bool leads = (kind == "services" && serviceLeadsToAdmin(doc)) ||
                     (kind == "routes" && routeLeadsToAdmin(doc)) ||
                     (kind == "targets" && targetLeadsToAdmin(doc)) ||
                     (kind == "listeners" && listenerLeadsToAdmin(doc));
  if (leads) out.push_back(fmt::format("this {}", net::OpenAdmin::kReason));
  return out;
}

bool WriteWarnings::serviceLeadsToAdmin(const Json& service) const {
  const std::string host = config::textOf(service, "host");
  if (openAdmin->namedBy(host, static_cast<uint16_t>(config::numberOf(service, "port", 80)))) {
    return true;
  }
  auto upstream = store.getByUnique("upstreams", "name", host);
  if (!upstream || !*upstream) return false;
  store::ListQuery query;
  query.foreignField = "upstream";
  query.foreignId = config::textOf(**upstream, "id");
  query.limit = kTargetsLookedAt;
  auto targets = store.list("targets", query);
  if (!targets) return false;
  for (const Json& target : *targets) {
    if (targetLeadsToAdmin(target)) return true;
  }
  return false;
}

bool WriteWarnings::routeLeadsToAdmin(const Json& route) const {
  const std::string id = config::referenceOf(route, "service");
  if (id.empty()) return false;
  auto service = store.get("services", id);
  return service && *service && serviceLeadsToAdmin(**service);
}

bool WriteWarnings::targetLeadsToAdmin(const Json& target) const {
  const std::string text = config::textOf(target, "target");
  const HostPort split = HostPort::split(text);
  return openAdmin->namedBy(split.host, split.number());
}

bool WriteWarnings::listenerLeadsToAdmin(const Json& listener) const {
  auto chains = listener.find("filter_chains");
  if (chains == listener.end() || !chains->is_array()) return false;
  for (const Json& chain : *chains) {
    auto filters = chain.find("filters");
    if (filters == chain.end() || !filters->is_array()) continue;
    for (const Json& filter : *filters) {
      auto config = filter.find("config");
      if (config::textOf(filter, "name") != "tcp-proxy" || config == filter.end()) continue;
      const int64_t port = config::numberOf(*config, "port", 0);
      if (openAdmin->namedBy(config::textOf(*config, "host"), static_cast<uint16_t>(port))) {
        return true;
      }
    }
  }
  return false;
}

void WriteWarnings::ofRegexes(const Json& route, std::vector<std::string>& out) const {
  if (routes == nullptr) return;
  for (const std::string& path : config::listOf(route, "paths")) {
    if (!path.starts_with('~') || !route::isOpenRegex(std::string_view(path).substr(1))) continue;
    if (routes->openRegexes() >= kManyOpenRegexes) {
      out.push_back(
          fmt::format("the path '{}' begins with no text of its own, so that it is held "
                      "against every request, as are {} others: begin it with literal "
                      "text where that is possible",
                      path, routes->openRegexes()));
    }
    if (!RegexMemory::hasRoom()) {
      out.push_back("regex_memory is used up: the regular expressions of routes match more slowly");
    }
    return;
  }
}

}  // namespace tollgate::server
