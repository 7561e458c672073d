#include "source/config/compiled_upstreams.h"

#include <algorithm>

#include "source/base/host_port.h"
#include "source/config/document.h"

namespace tollgate::config {
namespace {

using upstream::ActiveChecks;
using upstream::Algorithm;
using upstream::HashInput;
using upstream::HealthLimits;

Json recordOf(const Json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_object() ? *found : Json::object();
}

std::chrono::milliseconds secondsOf(const Json& doc, const char* field, double fallback) {
  auto found = doc.find(field);
  const double seconds = found != doc.end() && found->is_number() ? found->get<double>() : fallback;
  return std::chrono::milliseconds(static_cast<int64_t>(std::clamp(seconds, 0.0, 1e6) * 1000));
}

/// Between probes: 0, or not less than what is looked at for due ones.
std::chrono::milliseconds intervalOf(const Json& doc) {
  constexpr std::chrono::milliseconds kLeast{100};
  auto found = doc.find("interval");
  if (found == doc.end() || !found->is_number() || found->get<double>() <= 0) return {};
  return std::max(secondsOf(doc, "interval", 0), kLeast);
}

Algorithm algorithmOf(const std::string& name) {
  if (name == "consistent-hashing") return Algorithm::kConsistentHashing;
  if (name == "least-connections") return Algorithm::kLeastConnections;
  if (name == "latency") return Algorithm::kLatency;
  return Algorithm::kRoundRobin;
}

/// `prefix`: "hash_on" or "hash_fallback". There is one cookie for both.
HashInput hashInputOf(const Json& doc, const std::string& prefix) {
  const std::string kind = textOf(doc, prefix.c_str());
  auto named = [&](HashInput::Kind value, const char* suffix) {
    return HashInput{value, textOf(doc, (prefix + suffix).c_str())};
  };
  if (kind == "consumer") return {HashInput::Kind::kConsumer, {}};
  if (kind == "ip") return {HashInput::Kind::kIp, {}};
  if (kind == "path") return {HashInput::Kind::kPath, {}};
  if (kind == "header") return named(HashInput::Kind::kHeader, "_header");
  if (kind == "query_arg") return named(HashInput::Kind::kQueryArg, "_query_arg");
  if (kind == "uri_capture") return named(HashInput::Kind::kUriCapture, "_uri_capture");
  if (kind == "cookie") return {HashInput::Kind::kCookie, textOf(doc, "hash_on_cookie")};
  return {};
}

void readStatuses(const Json& doc, upstream::StatusSet& out) {
  auto found = doc.find("http_statuses");
  if (found == doc.end() || !found->is_array()) return;
  for (const Json& status : *found) {
    if (!status.is_number()) continue;
    const int64_t value = status.get<int64_t>();
    if (value > 0 && value < upstream::kMaxStatus) out.set(static_cast<size_t>(value));
  }
}

uint8_t limitOf(const Json& doc, const char* field) {
  return static_cast<uint8_t>(std::clamp<int64_t>(numberOf(doc, field, 0), 0, 255));
}

HealthLimits limitsOf(const Json& checks) {
  HealthLimits out;
  const Json healthy = recordOf(checks, "healthy"), unhealthy = recordOf(checks, "unhealthy");
  readStatuses(healthy, out.healthyStatuses);
  readStatuses(unhealthy, out.unhealthyStatuses);
  out.successes = limitOf(healthy, "successes");
  out.tcpFailures = limitOf(unhealthy, "tcp_failures");
  out.httpFailures = limitOf(unhealthy, "http_failures");
  out.timeouts = limitOf(unhealthy, "timeouts");
  return out;
}

/// Whether a header can be written as one line.
bool isOneLine(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < ' ' && c != '\t'; });
}

ActiveChecks activeOf(const Json& doc) {
  ActiveChecks out;
  const std::string type = textOf(doc, "type");
  out.type = type == "tcp"                       ? ActiveChecks::Type::kTcp
             : type == "https"                   ? ActiveChecks::Type::kHttps
             : type == "grpc" || type == "grpcs" ? ActiveChecks::Type::kConnect
                                                 : ActiveChecks::Type::kHttp;
  out.timeout = std::max(secondsOf(doc, "timeout", 1), std::chrono::milliseconds(1));
  out.concurrency =
      static_cast<size_t>(std::clamp<int64_t>(numberOf(doc, "concurrency", 10), 1, 65536));
  if (std::string path = textOf(doc, "http_path"); !path.empty()) out.path = std::move(path);
  out.serverName = textOf(doc, "https_sni");
  out.healthyInterval = intervalOf(recordOf(doc, "healthy"));
  out.unhealthyInterval = intervalOf(recordOf(doc, "unhealthy"));
  out.limits = limitsOf(doc);
  const Json headers = recordOf(doc, "headers");
  for (auto it = headers.begin(); it != headers.end(); ++it) {
    for (const std::string& value : listOf(headers, it.key().c_str())) {
      if (isOneLine(it.key()) && isOneLine(value)) out.headers.emplace_back(it.key(), value);
    }
  }
  return out;
}

double timeOf(const Json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_number() ? found->get<double>() : 0;
}

/// "host:port", the host of an IPv6 address in brackets.
upstream::TargetSpec targetSpecOf(const std::string& id, const Json& doc) {
  upstream::TargetSpec out;
  out.id = id;
  const std::string target = textOf(doc, "target");
  const HostPort split = HostPort::split(target);
  out.host = split.host;
  if (!split.port.empty()) out.port = split.number();
  out.weight = static_cast<uint32_t>(std::clamp<int64_t>(numberOf(doc, "weight", 100), 0, 65535));
  return out;
}

}  // namespace

upstream::ClusterSpec clusterSpecOf(const Json& doc) {
  upstream::ClusterSpec out;
  out.id = textOf(doc, "id");
  out.name = textOf(doc, "name");
  out.algorithm = algorithmOf(textOf(doc, "algorithm"));
  out.hashOn = hashInputOf(doc, "hash_on");
  out.hashFallback = hashInputOf(doc, "hash_fallback");
  if (std::string path = textOf(doc, "hash_on_cookie_path"); !path.empty()) out.cookiePath = path;
  out.slots = static_cast<uint32_t>(std::clamp<int64_t>(numberOf(doc, "slots", 10000), 10, 65536));
  out.hostHeader = textOf(doc, "host_header");
  out.useSrvName = flagOf(doc, "use_srv_name", false);
  const Json checks = recordOf(doc, "healthchecks");
  out.threshold = std::clamp(timeOf(checks, "threshold"), 0.0, 100.0);
  out.active = activeOf(recordOf(checks, "active"));
  out.passive = limitsOf(recordOf(checks, "passive"));
  return out;
}

CompiledUpstreams::CompiledUpstreams(upstream::ClusterRegistry* registry,
                                     const OriginCertificates& certificates, Problems& problems)
    : registry_(registry), certificates_(certificates), problems_(problems), targets_(*this) {}

void CompiledUpstreams::put(const std::string& id, const Json& doc) {
  Record& record = records_[id];
  if (record.spec == nullptr) ++upstreams_;
  record.spec = std::make_shared<const upstream::ClusterSpec>(clusterSpecOf(doc));
  record.tlsPart = OriginCertificates::tlsPart(doc);
  record.tlsPart["tls_verify"] =
      flagOf(recordOf(recordOf(doc, "healthchecks"), "active"), "https_verify_certificate", true);
  changed_.insert(id);
}

void CompiledUpstreams::remove(const std::string& id) {
  auto found = records_.find(id);
  if (found == records_.end() || found->second.spec == nullptr) return;
  found->second.spec = nullptr;
  --upstreams_;
  problems_.clear(id);
  changed_.insert(id);
}

void CompiledUpstreams::Targets::put(const std::string& id, const Json& doc) {
  remove(id);
  const std::string upstream = referenceOf(doc, "upstream");
  upstreamOf_[id] = upstream;
  owner_.records_[upstream].targets[id] = {timeOf(doc, "created_at"), targetSpecOf(id, doc)};
  owner_.changed_.insert(upstream);
}

void CompiledUpstreams::Targets::remove(const std::string& id) {
  auto found = upstreamOf_.find(id);
  if (found == upstreamOf_.end()) return;
  owner_.records_[found->second].targets.erase(id);
  owner_.changed_.insert(found->second);
  upstreamOf_.erase(found);
}

void CompiledUpstreams::makeProbeTls(const std::string& id, const Record& record,
                                     upstream::ClusterSpec& spec) {
  if (spec.active.type != ActiveChecks::Type::kHttps || !tls_) return;
  auto context = tls_(certificates_.resolve(record.tlsPart));
  if (context) {
    spec.active.tlsContext = std::move(context).value();
  } else {
    problems_.add(id, Error::invalid(context.error().text(), "upstream " + spec.name));
  }
}

void CompiledUpstreams::publishOne(const std::string& id, Record& record) {
  auto spec = std::make_shared<upstream::ClusterSpec>(*record.spec);
  std::vector<std::pair<double, upstream::TargetSpec>> targets;
  for (const auto& [targetId, target] : record.targets) targets.push_back(target);
  std::stable_sort(targets.begin(), targets.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [created, target] : targets) spec->targets.push_back(std::move(target));
  problems_.clear(id);
  makeProbeTls(id, record, *spec);
  record.published = spec->name;
  registry_->put(std::move(spec));
  std::string certificate = referenceOf(record.tlsPart, "client_certificate");
  Published& published = published_[record.published];
  if (published.handle == nullptr || published.clientCertificate != certificate) {
    switched_.insert(record.published);
  }
  published = {registry_->find(record.published), std::move(certificate)};
}

void CompiledUpstreams::publish(const std::set<std::string>& certificates) {
  if (registry_ == nullptr) return;
  if (!certificates.empty()) {
    for (const auto& [id, record] : records_) {
      if (OriginCertificates::refersTo(record.tlsPart, certificates)) changed_.insert(id);
    }
  }
  if (changed_.empty() && !first_) return;
  // What is gone, or goes by another name, first: another upstream may have taken the name over.
  for (const std::string& id : changed_) {
    Record& record = records_[id];
    if (record.published.empty()) continue;
    if (record.spec != nullptr && record.spec->name == record.published) continue;
    registry_->remove(record.published);
    published_.erase(record.published);
    switched_.insert(record.published);
    record.published.clear();
  }
  for (const std::string& id : std::exchange(changed_, {})) {
    Record& record = records_[id];
    if (record.spec != nullptr) publishOne(id, record);
    if (record.spec == nullptr && record.targets.empty()) records_.erase(id);
  }
  if (std::exchange(first_, false)) {
    std::set<std::string> names;
    for (const auto& [name, published] : published_) names.insert(name);
    registry_->keepOnly(names);
  }
}

std::shared_ptr<const upstream::ClusterHandle> CompiledUpstreams::find(
    const std::string& host) const {
  if (published_.empty()) return nullptr;
  auto found = published_.find(host);
  return found != published_.end() ? found->second.handle : nullptr;
}

std::string CompiledUpstreams::clientCertificateOf(const std::string& host) const {
  auto found = published_.find(host);
  return found != published_.end() ? found->second.clientCertificate : std::string();
}

}  // namespace tollgate::config
