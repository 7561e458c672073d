#include "source/server/dns_options.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "source/base/host_port.h"
#include "source/net/address.h"

namespace tollgate::server {
namespace {

using net::RecordType;

constexpr uint16_t kDnsPort = 53;
constexpr std::string_view kMachinesHosts = "/etc/hosts";
constexpr std::string_view kUsualOrder = "LAST,SRV,A,CNAME";

/// "1.2.3.4", "1.2.3.4:53", "::1" or "[::1]:53" in the form that the library reads.
Result<std::string> nameServer(const std::string& text) {
  const HostPort split = HostPort::split(text);
  const uint16_t port = split.port.empty() ? kDnsPort : split.number();
  auto address = net::Address::parse(split.host, port);
  const bool colonOnly = split.port.empty() && split.host.size() != text.size();
  if (!address || port == 0 || colonOnly) {
    return Error::invalid("dns_resolver: not an address of a name server: '" + text +
                          "' (such as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53)");
  }
  return address->toString();
}

Result<std::vector<RecordType>> orderOf(const Settings& settings) {
  std::vector<RecordType> out;
  for (std::string word : settings.list("dns_order")) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (word == "LAST" || word == "CNAME") continue;  // both are always so
    const RecordType type = word == "SRV"    ? RecordType::kSrv
                            : word == "A"    ? RecordType::kA
                            : word == "AAAA" ? RecordType::kAaaa
                                             : RecordType::kNone;
    if (type == RecordType::kNone) {
      return Error::invalid("dns_order: invalid entry '" + word + "' (LAST, SRV, A, AAAA, CNAME)");
    }
    if (std::find(out.begin(), out.end(), type) == out.end()) out.push_back(type);
  }
  if (out.empty()) return Error::invalid("dns_order: name at least one of SRV, A, AAAA");
  return out;
}

std::chrono::milliseconds span(const Settings& settings, std::string_view name) {
  const double seconds = std::clamp(settings.number(name), 0.0, 1e9);
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace

Result<net::ResolverSettings> resolverSettings(const Settings& settings) {
  net::ResolverSettings out;
  for (const std::string& server : settings.list("dns_resolver")) {
    auto address = nameServer(server);
    if (!address) return address.error();
    out.servers += (out.servers.empty() ? "" : ",") + *address;
  }
  const std::string& hosts = settings.text("dns_hostsfile");
  if (!hosts.empty() && hosts != kMachinesHosts) {
    std::error_code failed;
    const bool file = std::filesystem::is_regular_file(hosts, failed);
    if (!file || ::access(hosts.c_str(), R_OK) != 0) {
      return Error::invalid("dns_hostsfile: cannot read " + hosts);
    }
    out.hostsFile = hosts;
  }
  // As it comes, the order has AAAA for names that have nothing else.
  if (settings.text("dns_order") != kUsualOrder) {
    auto order = orderOf(settings);
    if (!order) return order.error();
    out.order = std::move(order).value();
  }
  const std::string& valid = settings.text("dns_valid_ttl");
  if (!valid.empty()) {
    char* end = nullptr;
    const double seconds = std::strtod(valid.c_str(), &end);
    if (*end != '\0' || !std::isfinite(seconds) || seconds < 0 || seconds > 1e9) {
      return Error::invalid("dns_valid_ttl: '" + valid + "' is no number of seconds");
    }
    out.validTtl = std::chrono::seconds(static_cast<int64_t>(seconds));
  }
  out.staleTtl = std::chrono::duration_cast<std::chrono::seconds>(span(settings, "dns_stale_ttl"));
  out.notFoundTtl = span(settings, "dns_not_found_ttl");
  out.errorTtl = span(settings, "dns_error_ttl");
  out.maxNames = static_cast<size_t>(std::clamp(settings.number("dns_cache_size"), 1.0, 1e9));
  return out;
}

}  // namespace tollgate::server
