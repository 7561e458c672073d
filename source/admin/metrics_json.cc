#include "source/admin/metrics_json.h"

#include <string>

namespace tollgate::admin {
namespace {

Json histogram(const stats::Family& family, const stats::Sample& sample) {
  Json buckets = Json::object();
  uint64_t count = 0;
  for (size_t i = 0; i < sample.buckets.size(); ++i) {
    count += sample.buckets[i];
    buckets[i < family.bounds.size() ? std::to_string(family.bounds[i]) : "+Inf"] = count;
  }
  return {{"count", count}, {"sum", sample.value}, {"buckets", std::move(buckets)}};
}

Json familyJson(const stats::Family& family) {
  Json out = Json::object();
  for (const stats::Sample& sample : family.samples) {
    Json* at = &out;
    for (const std::string& value : sample.labels) at = &(*at)[value];
    *at = family.metric.kind == stats::Kind::kHistogram ? histogram(family, sample)
                                                        : Json(sample.value);
  }
  return out;
}

}  // namespace

Json metricsJson(const stats::Snapshot& snapshot) {
  Json out = Json::object();
  for (const stats::Family& family : snapshot) out[family.metric.name] = familyJson(family);
  return out;
}

}  // namespace tollgate::admin
