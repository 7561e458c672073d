#include "source/server/listener_set.h"

#include <algorithm>

#include "source/base/latch.h"
#include "source/config/document.h"
#include "source/net/listener.h"
#include "source/schema/message.h"

namespace tollgate::server {

using schema::Json;

namespace {

constexpr std::chrono::milliseconds kPublishLimit{10000};
/// What tells one plan from another; the rest of a document (tags, times) does not concern sockets.
constexpr const char* kPlanFields[] = {"name", "bind", "backlog", "filter_chains"};

Json planFields(const Json& doc) {
  Json out = Json::object();
  for (const char* field : kPlanFields) {
    auto found = doc.find(field);
    if (found != doc.end() && !found->is_null()) out[field] = *found;
  }
  return out;
}

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

}  // namespace

Result<ListenerPlan> ListenerSet::compile(const Json& doc) const {
  node::v1::Listener message;
  Status decoded = schema::decodeStrict(withoutNulls(planFields(doc)), message, "");
  if (!decoded) return decoded.error();
  auto plan = compile_(message, "");
  if (plan && plan->onMain()) {
    return Error::invalid("admin-api and status are served by listeners of the node file only",
                          "filter_chains[0].filters");
  }
  return plan;
}

void ListenerSet::put(const std::string& id, const Json& doc) {
  problems_.clear(id);
  changed_ = true;
  if (!config::flagOf(doc, "enabled", true)) {
    entries_.erase(id);
    return;
  }
  std::string source = planFields(doc).dump();
  for (auto* known : {&entries_, &before_}) {
    auto found = known->find(id);
    if (found == known->end() || found->second.source != source) continue;
    entries_[id] = found->second;
    return;
  }
  auto plan = compile(doc);
  if (!plan) {
    entries_.erase(id);
    problems_.add(id, Error::invalid(plan.error().text(), "listener " + id));
    return;
  }
  entries_[id] = {std::move(source), std::make_shared<ListenerPlan>(std::move(plan).value())};
}

void ListenerSet::remove(const std::string& id) {
  problems_.clear(id);
  changed_ = entries_.erase(id) > 0 || changed_;
}

void ListenerSet::clear() {
  before_.merge(entries_);
  entries_.clear();
  changed_ = true;
}

const ListenerSet::Entry* ListenerSet::holderOf(const net::Address& address,
                                                const std::string& exceptId) const {
  for (const auto& [id, entry] : entries_) {
    const auto& taken = entry.plan->addresses;
    if (id != exceptId && std::find(taken.begin(), taken.end(), address) != taken.end()) {
      return &entry;
    }
  }
  return nullptr;
}

Status ListenerSet::checkAddress(const std::string& id, const ListenerPlan& plan,
                                 const net::Address& address) const {
  if (address.port() == 0) return Error::invalid("port 0 is none that a client could know");
  if (std::count(plan.addresses.begin(), plan.addresses.end(), address) > 1) {
    return Error::invalid(address.toString() + " stands there twice");
  }
  if (std::find(own_.begin(), own_.end(), address) != own_.end()) {
    return Error::invalid(address.toString() + " belongs to a listener of the node itself");
  }
  if (const Entry* other = holderOf(address, id)) {
    return Error::invalid(address.toString() + " belongs to the listener '" + other->plan->name +
                          "'");
  }
  auto mine = entries_.find(id);
  if (mine != entries_.end()) {
    const auto& held = mine->second.plan->addresses;
    if (std::find(held.begin(), held.end(), address) != held.end()) return {};
  }
  return net::Listener::probe(address);
}

Status ListenerSet::check(const std::string& id, const Json& doc) const {
  auto plan = compile(doc);
  if (!plan) return plan.error();
  if (!config::flagOf(doc, "enabled", true)) return {};
  for (const net::Address& address : plan->addresses) {
    Status free = checkAddress(id, *plan, address);
    if (!free) return Error::invalid(free.error().message, "bind");
  }
  return {};
}

void ListenerSet::publish() {
  before_.clear();
  if (!changed_ || workers_.empty()) return;
  std::vector<std::shared_ptr<const ListenerPlan>> plans;
  for (const auto& [id, entry] : entries_) plans.push_back(entry.plan);
  std::vector<std::vector<ListenFailure>> failures(workers_.size());
  auto latch = std::make_shared<Latch>(workers_.size());
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->follow(plans, [latch, &into = failures[i]](std::vector<ListenFailure> found) {
      into = std::move(found);
      latch->done();
    });
  }
  latch->wait();
  changed_ = false;
  for (const auto& [id, entry] : entries_) {
    for (const auto& failed : failures) {
      auto mine = std::find_if(failed.begin(), failed.end(), [&, plan = entry.plan.get()](
                                                                 auto& f) { return f.plan == plan; });
      if (mine == failed.end()) continue;
      problems_.clear(id);
      problems_.add(id, Error::unavailable(mine->error.message));
      changed_ = true;
      break;
    }
  }
}

}  // namespace tollgate::server
