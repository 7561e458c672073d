#include "source/server/http_chain.h"

#include "source/config/node.h"
#include "source/schema/message.h"
#include "source/schema/plugin_config.h"

namespace tollgate::server {
namespace {

/// The first of the errors that a schema has found, with the path to it.
Error firstError(const Json& errors, const std::string& place) {
  if (errors.is_string()) return Error::invalid(errors.get<std::string>(), place);
  if (errors.is_array()) {
    for (size_t i = 0; i < errors.size(); ++i) {
      if (!errors[i].is_null()) {
        return firstError(errors[i], place + "[" + std::to_string(i) + "]");
      }
    }
  }
  for (const auto& [key, value] : errors.items()) {
    if (key == "@entity") return firstError(value[0], place);
    return firstError(value, place + "." + key);
  }
  return Error::invalid("is not valid", place);
}

/// Makes one filter; `place` is that of the filter.
Result<std::shared_ptr<const http::HttpFilter>> makeFilter(const node::v1::Filter& filter,
                                                           const http::HttpFilterFactory& factory,
                                                           const std::string& place,
                                                           const http::FilterContext& context) {
  auto message = factory.newConfig();
  const schema::PluginConfig* rules = schema::PluginConfig::findFilter(filter.name());
  if (rules == nullptr) return Error::invalid("has no schema in this build", place);
  Json doc = {{"config", config::configOf(filter)}};
  Json errors = Json::object();
  rules->check(schema::WriteMode::kInsert, doc, errors);
  if (errors.contains("config")) return firstError(errors["config"], place + ".config");
  if (!errors.empty()) return firstError(errors, place + ".config");
  if (Status filled = schema::fillMessage(doc["config"], *message); !filled) {
    return Error::invalid(filled.error().message, place + ".config." + filled.error().place);
  }
  auto made = factory.create(*message, context);
  if (!made) {
    const std::string& field = made.error().place;
    return Error::invalid(made.error().message,
                          place + ".config" + (field.empty() ? "" : "." + field));
  }
  return std::shared_ptr<const http::HttpFilter>(std::move(made).value());
}

bool isTerminal(const std::string& name) {
  return name == "router" || name == "admin-api" || name == "status";
}

/// What the chain's order allows; "" if all is well.
std::string orderProblem(const std::string& name, bool last, bool router, bool pluginsSeen) {
  if (isTerminal(name) != last) {
    return "the last filter, and only that, is router, admin-api or status";
  }
  if (name == "plugins" && pluginsSeen) return "plugins stands in the chain twice";
  if (name == "plugins" && !router) return "plugins are those of routes: they need a router";
  if (name == "admin-auth" && router) {
    return "admin-auth guards admin-api and status; routes are guarded by plugins such as key-auth";
  }
  return "";
}

Status refuseUnsupported(const filters::network::http::v1::Config& config,
                         const std::string& place) {
  for (auto [set, name] : {std::pair{!config.server_names().empty(), ".server_names"},
                           {config.has_codec() && config.codec() != "auto", ".codec"},
                           {config.has_idle_timeout_ms(), ".idle_timeout_ms"},
                           {config.has_request_timeout_ms(), ".request_timeout_ms"},
                           {config.has_max_request_headers_kb(), ".max_request_headers_kb"}}) {
    if (set) return Error::invalid("is not supported yet: remove it", place + name);
  }
  return {};
}

}  // namespace

Result<HttpChain> compileHttpChain(const filters::network::http::v1::Config& config,
                                   const std::string& place, const http::FilterContext& context) {
  if (Status checked = refuseUnsupported(config, place); !checked) return checked.error();
  const int count = config.filters_size();
  if (count == 0) return Error::invalid("names no HTTP filter", place + ".filters");
  const std::string& lastName = config.filters(count - 1).name();
  HttpChain out;
  if (lastName == "admin-api") out.terminal = HttpChain::Terminal::kAdmin;
  if (lastName == "status") out.terminal = HttpChain::Terminal::kStatus;
  bool router = out.terminal == HttpChain::Terminal::kRouter;
  auto filters = std::make_shared<proxy::ListenerFilters>();
  filters->plugins = false;
  for (int i = 0; i < count; ++i) {
    const node::v1::Filter& filter = config.filters(i);
    const std::string here = place + ".filters[" + std::to_string(i) + "]";
    const http::HttpFilterFactory* factory = http::HttpFilterRegistry::find(filter.name());
    bool builtin = isTerminal(filter.name()) || filter.name() == "plugins";
    if (!builtin && factory == nullptr) {
      return Error::invalid("unknown HTTP filter '" + filter.name() + "'", here + ".name");
    }
    std::string problem = orderProblem(filter.name(), i + 1 == count, router, filters->plugins);
    if (!problem.empty()) return Error::invalid(problem, here + ".name");
    if (builtin) {
      if (filter.has_config() && filter.config().fields_size() > 0) {
        return Error::invalid("takes no configuration", here + ".config");
      }
      filters->plugins = filters->plugins || filter.name() == "plugins";
      continue;
    }
    auto made = makeFilter(filter, *factory, here, context);
    if (!made) return made.error();
    http::FilterPlan& plan = filters->plugins ? filters->after : filters->before;
    http::PlanEntry& entry = plan.entries.emplace_back();
    entry.name = filter.name();
    entry.fallback = made->get();
    filters->owned.push_back(std::move(made).value());
    out.authenticated = out.authenticated || filter.name() == "admin-auth";
  }
  if (!router) filters->plugins = true;  // admin-api and status stand where plugins do
  filters->before.finish();
  filters->after.finish();
  // The usual chains cost nothing: there is nothing to look at.
  if (!filters->owned.empty() || (router && !filters->plugins)) out.filters = std::move(filters);
  return out;
}

}  // namespace tollgate::server
