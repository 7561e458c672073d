#include "source/server/listener_set.h"

#include <algorithm>

#include "source/config/document.h"
#include "source/net/listener.h"
#include "source/schema/message.h"
#include "source/server/latch.h"

namespace tollgate::server {

namespace {

/// For all workers to open and close what has changed.
constexpr std::chrono::milliseconds kFollowLimit{10000};
/// What tells one plan from another; the rest of a document (tags, times) does not concern sockets.
constexpr const char* kPlanFields[] = {"name", "bind", "backlog", "filter_chains"};

/// Nulls stand for what was left out; node messages know no null.
Json withoutNulls(const Json& value) {
  if (!value.is_structured()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, member] : value.items()) {
    if (member.is_null()) continue;
    if (value.is_array()) {
      out.push_back(withoutNulls(member));
    } else {
      out[key] = withoutNulls(member);
    }
  }
  return out;
}

Json sourceOf(const Json& doc) {
  Json out = Json::object();
  for (const char* field : kPlanFields) {
    auto found = doc.find(field);
    if (found != doc.end() && !found->is_null()) out[field] = withoutNulls(*found);
  }
  return out;
}

bool contains(const std::vector<net::Address>& list, const net::Address& address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

/// Whether an HTTP chain of the listener serves the node: it may read files before that is known.
bool servesNode(const Json& source) {
  auto listIn = [](const Json& record, const char* name) {
    auto found = record.is_object() ? record.find(name) : record.end();
    return record.is_object() && found != record.end() && found->is_array() ? *found
                                                                            : Json::array();
  };
  for (const Json& chain : listIn(source, "filter_chains")) {
    for (const Json& network : listIn(chain, "filters")) {
      if (!network.is_object() || !network.contains("config")) continue;
      for (const Json& filter : listIn(network["config"], "filters")) {
        const std::string name = config::textOf(filter, "name");
        if (name == "admin-api" || name == "admin-auth" || name == "status") return true;
      }
    }
  }
  return false;
}

}  // namespace

Result<ListenerPlan> ListenerSet::compile(const Json& source) const {
  if (servesNode(source)) {
    return Error::invalid("admin-api and status are served by listeners of the node file only",
                          "filter_chains[0].filters");
  }
  node::v1::Listener message;
  if (Status decoded = schema::decodeStrict(source, message, ""); !decoded) return decoded.error();
  auto plan = compile_(message);
  if (plan && plan->onMain()) {
    return Error::invalid("admin-api and status are served by listeners of the node file only",
                          "filter_chains[0].filters");
  }
  return plan;
}

const ListenerPlan* ListenerSet::holderOf(const net::Address& address) const {
  for (const auto& [id, entry] : entries_) {
    if (contains(entry.plan->addresses, address)) return entry.plan.get();
  }
  return nullptr;
}

Status ListenerSet::checkAddress(const std::string& id, const ListenerPlan& plan,
                                 const net::Address& address) const {
  const std::string text = address.toString();
  if (address.port() == 0) return Error::invalid("port 0 is none that a client could know");
  if (std::count(plan.addresses.begin(), plan.addresses.end(), address) > 1) {
    return Error::invalid(text + " stands there twice");
  }
  if (contains(own_, address)) {
    return Error::invalid(text + " belongs to a listener of the node itself");
  }
  auto mine = entries_.find(id);
  const ListenerPlan* holder = holderOf(address);
  if (holder == nullptr) return net::Listener::probe(address);
  if (mine != entries_.end() && holder == mine->second.plan.get()) return {};
  return Error::invalid(text + " belongs to the listener '" + holder->name + "'");
}

Status ListenerSet::check(const std::string& id, const Json& doc) const {
  auto plan = compile(sourceOf(doc));
  if (!plan) return plan.error();
  if (!config::flagOf(doc, "enabled", true)) return {};
  for (const net::Address& address : plan->addresses) {
    Status free = checkAddress(id, *plan, address);
    if (!free) return Error::invalid(free.error().message, "bind");
  }
  return {};
}

ListenerSet::Problems ListenerSet::follow(const Documents& documents) {
  Problems problems;
  std::map<std::string, Entry> before = std::exchange(entries_, {});
  for (const auto& [id, doc] : documents) {
    problems[id] = std::nullopt;
    if (!config::flagOf(doc, "enabled", true)) continue;
    Json source = sourceOf(doc);
    auto known = before.find(id);
    if (known != before.end() && known->second.source == source) {
      entries_[id] = known->second;
      continue;
    }
    auto plan = compile(source);
    if (plan) {
      entries_[id] = {std::move(source), std::make_shared<ListenerPlan>(std::move(plan).value())};
    } else {
      problems[id] = Error::invalid(plan.error().text(), "listener " + id);
    }
  }
  ListenerPlans plans;
  for (const auto& [id, entry] : entries_) plans.push_back(entry.plan);
  auto failures = open(plans);
  incomplete_ = !failures || !failures->empty();
  for (const auto& [id, entry] : entries_) {
    if (!failures) problems[id] = failures.error();
    if (!failures) continue;
    for (const ListenFailure& failure : *failures) {
      if (failure.plan == entry.plan.get()) problems[id] = failure.error;
    }
  }
  return problems;
}

Result<std::vector<ListenFailure>> ListenerSet::open(const ListenerPlans& plans) {
  struct Round {
    explicit Round(size_t workers) : latch(workers), failures(workers) {}
    Latch latch;
    std::vector<std::vector<ListenFailure>> failures;
  };
  auto round = std::make_shared<Round>(workers_.size());
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->follow(plans, [round, i](std::vector<ListenFailure> found) {
      round->failures[i] = std::move(found);
      round->latch.done();
    });
  }
  if (!round->latch.wait(kFollowLimit)) {
    return Error::unavailable("a worker did not follow the listeners in time");
  }
  std::vector<ListenFailure> all;
  for (auto& failures : round->failures) {
    all.insert(all.end(), failures.begin(), failures.end());
  }
  return all;
}

}  // namespace tollgate::server
