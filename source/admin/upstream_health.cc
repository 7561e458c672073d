#include "source/admin/upstream_health.h"
#include "source/base/host_port.h"

#include <arpa/inet.h>

#include <cstdlib>

namespace tollgate::admin {
namespace {

/// "A" or "AAAA" for an address, "" for a name.
std::string recordType(const std::string& host) {
  if (host.starts_with('[')) return "AAAA";
  unsigned char bytes[4];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ? "A" : "";
}

}  // namespace

TargetParts partsOf(const std::string& target) {
  const HostPort split = HostPort::split(target);
  return {std::string(split.host), split.number()};
}

UpstreamHealth::Balancer UncheckedHealth::query(const Json&, const std::vector<Json>& targets) {
  Balancer out;
  for (const Json& doc : targets) {
    const TargetParts parts = partsOf(doc.at("target").get<std::string>());
    const auto weight = doc.value("weight", uint64_t{0});
    Target& target = out.targets.emplace_back();
    target.dns = recordType(parts.host);
    if (target.dns.empty()) {
      target.dns = "not resolved";
      continue;
    }
    target.addresses.push_back({parts.host, parts.port, weight, true});
    out.healthy = out.healthy || weight > 0;
  }
  return out;
}

Status UncheckedHealth::mark(const Json& upstream, const Json&, const std::string&, bool) {
  return Error::invalid("no healthchecker found for " + upstream.at("name").get<std::string>());
}

}  // namespace tollgate::admin
