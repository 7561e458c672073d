#pragma once

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/config/snapshot_compiler.h"

namespace tollgate::config {

using store::Change;

inline std::atomic<int> created{0};

/// A filter that does nothing but tell which configuration it was made from.
class NamedFilter final : public http::HttpFilter {
 public:
  explicit NamedFilter(std::string tag) : tag(std::move(tag)) {}
  uint8_t hooks() const override { return http::kRequestHeaders; }
  size_t stateBytes() const override { return 8; }
  std::string tag;
};

/// The last configuration from which a NamedFactory made a filter.
inline google::protobuf::Struct lastConfig;

class NamedFactory final : public http::HttpFilterFactory {
 public:
  NamedFactory(std::string name, int priority) : name_(std::move(name)), priority_(priority) {}
  std::string_view name() const override { return name_; }
  int priority() const override { return priority_; }
  std::unique_ptr<google::protobuf::Message> newConfig() const override {
    return std::make_unique<google::protobuf::Struct>();
  }
  Result<std::unique_ptr<http::HttpFilter>> create(const google::protobuf::Message& config,
                                                   const http::FilterContext&) const override {
    const auto& fields = static_cast<const google::protobuf::Struct&>(config).fields();
    auto tag = fields.find("tag");
    std::string text = tag != fields.end() ? tag->second.string_value() : "";
    if (text == "broken") return Error::invalid("cannot be made");
    lastConfig = static_cast<const google::protobuf::Struct&>(config);
    ++created;
    return std::unique_ptr<http::HttpFilter>(std::make_unique<NamedFilter>(text));
  }

 private:
  std::string name_;
  int priority_;
};

/// Registers filters called "first", "rate-limiting" and "second", in the order in which they run.
inline void registerFilters() {
  static const bool kOnce = [] {
    http::HttpFilterRegistry::add(std::make_unique<NamedFactory>("first", 1000));
    http::HttpFilterRegistry::add(std::make_unique<NamedFactory>("second", 900));
    http::HttpFilterRegistry::add(std::make_unique<NamedFactory>("rate-limiting", 910));
    return true;
  }();
  (void)kOnce;
}

inline const proxy::Route* match(const proxy::Snapshot& snapshot, std::string_view path,
                                 std::string_view host = "example.com") {
  struct NoHeaders final : route::HeaderLookup {
    void visit(std::string_view, route::HeaderVisitor&) const override {}
  } none;
  route::MatchInput input;
  input.method = "GET";
  Arena arena;
  input.host = route::HostName::of(host, arena);
  input.normalizedPath = path;
  input.headers = &none;
  route::Match found;
  if (!snapshot.routes->match(input, found)) return nullptr;
  return static_cast<const proxy::Route*>(found.payload);
}

/// The tags of the filters that a consumer's request gets, in order.
inline std::vector<std::string> tags(const http::FilterPlan& plan, const http::Consumer* consumer) {
  std::vector<std::string> out;
  for (const http::PlanEntry& entry : plan.entries) {
    const http::HttpFilter* chosen = entry.choose(consumer);
    if (chosen == nullptr) continue;
    auto* filter = dynamic_cast<const NamedFilter*>(chosen);
    out.push_back(filter != nullptr ? filter->tag : "refuses");
  }
  return out;
}

}  // namespace tollgate::config
