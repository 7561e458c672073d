#include "source/server/proxy_options.h"

#include <sched.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>

namespace tollgate::server {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& item) {
    std::string name = lower(item);
    std::replace(name.begin(), name.end(), '-', '_');
    return name == wanted;
  });
}

std::chrono::milliseconds seconds(double value) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::clamp(value, 0.001, 1e9) * 1000));
}

/// As seconds(), where 0 means that there is no limit.
std::chrono::milliseconds limit(double value) {
  return value <= 0 ? std::chrono::milliseconds(0) : seconds(value);
}

size_t count(double value) { return static_cast<size_t>(std::clamp(value, 0.0, 1e9)); }

std::string firstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

Status http2Limits(const Settings& settings, http2::Http2Limits& out) {
  const double streams = settings.number("http2_max_concurrent_streams");
  if (streams < 1 || streams > 65535) {
    return Error::invalid("http2_max_concurrent_streams is not a number from 1 to 65535");
  }
  out.maxConcurrentStreams = static_cast<uint32_t>(streams);
  auto held = parseBytes(settings.text("http2_held_bytes"));
  if (!held) return Error::invalid("http2_held_bytes " + held.error().message);
  if (*held < 64 * 1024) {
    return Error::invalid("http2_held_bytes is less than 64k, which no answer could do with");
  }
  out.heldBytes = *held;
  return {};
}

int affinityCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

/// `sendMinRate`: bytes a second that a client has to read.
Result<net::ConnectionLimits> connectionLimits(const Settings& settings, size_t sendMinRate) {
  net::ConnectionLimits out;
  out.handshake = limit(settings.number("ssl_handshake_timeout"));
  out.send = limit(settings.number("send_timeout"));
  out.linger = limit(settings.number("lingering_time"));
  out.lingerIdle = std::min(seconds(settings.number("lingering_timeout")), out.linger);
  out.sendLeast = std::max<size_t>(
      sendMinRate * static_cast<size_t>(std::chrono::ceil<std::chrono::seconds>(out.send).count()),
      1);
  auto bytes = parseBytes(settings.text("lingering_bytes"));
  if (!bytes) return Error::invalid("lingering_bytes " + bytes.error().message);
  out.lingerBytes = *bytes;
  return out;
}

}  // namespace

Result<proxy::ProxySettings> proxySettings(const Settings& settings) {
  proxy::ProxySettings out;
  const std::string name = std::string("kong/") + kReferenceVersion;
  out.serverName = name;
  out.via = "1.1 " + name;
  std::vector<std::string> headers = settings.list("headers");
  out.serverTokens = contains(headers, "server_tokens");
  out.latencyTokens = contains(headers, "latency_tokens");
  out.requestIdDownstream = contains(headers, "x_kong_request_id");
  out.upstreamStatusHeader = contains(headers, "x_kong_upstream_status");
  out.requestIdUpstream = contains(settings.list("headers_upstream"), "x_kong_request_id");
  out.debugHeader = settings.flag("allow_debug_header");
  out.errorDefaultType = settings.text("error_default_type");
  for (const std::string& range : settings.list("trusted_ips")) {
    auto parsed = net::AddressRange::parse(range);
    if (!parsed) return Error::invalid("trusted_ips: not an address range: '" + range + "'");
    out.trusted.push_back(*parsed);
  }
  out.realIpHeader =
      settings.directive("nginx_proxy_real_ip_header", settings.text("real_ip_header"));
  if (out.realIpHeader == "proxy_protocol") {
    return Error::invalid("real_ip_header: proxy_protocol is not supported yet");
  }
  std::string recursive = settings.directive("nginx_proxy_real_ip_recursive", "");
  out.realIpRecursive = recursive.empty() ? settings.flag("real_ip_recursive") : recursive == "on";
  std::string body = settings.directive("nginx_proxy_client_max_body_size",
                                        settings.directive("nginx_http_client_max_body_size", "0"));
  auto bytes = parseBytes(body);
  if (!bytes) return Error::invalid("nginx_http_client_max_body_size " + bytes.error().message);
  out.maxBodyBytes = *bytes;
  std::string requests =
      settings.directive("nginx_proxy_keepalive_requests",
                         settings.directive("nginx_http_keepalive_requests", "10000"));
  auto limit = parseBytes(requests);
  if (!limit)
    return Error::invalid("nginx_http_keepalive_requests is not a number: '" + requests + "'");
  out.maxKeepAliveRequests = std::max<uint64_t>(*limit, 1);
  out.headerTimeout = seconds(settings.number("header_timeout"));
  out.keepAliveTimeout = seconds(settings.number("keepalive_timeout"));
  out.bodyTimeout = seconds(settings.number("client_body_timeout"));
  out.bodyMinRate = count(settings.number("client_body_min_rate"));
  out.sendMinRate = count(settings.number("send_min_rate"));
  out.halfClosedClients = settings.flag("half_closed_clients");
  auto limits = connectionLimits(settings, out.sendMinRate);
  if (!limits) return limits.error();
  out.connections = *limits;
  out.sendTimeout = limits->send;
  out.lingerTime = limits->linger;
  out.lingerTimeout = limits->lingerIdle;
  if (Status done = http2Limits(settings, out.http2); !done) return done.error();
  out.http2.discardBytes = limits->lingerBytes;
  out.http2.discardTime = out.lingerTime;
  out.http2.discardIdle = out.lingerTimeout;
  out.http2.sendTimeout = out.sendTimeout;
  return out;
}

upstream::StreamPool::Settings poolSettings(const Settings& settings) {
  upstream::StreamPool::Settings out;
  out.maxIdlePerOrigin = count(settings.number("upstream_keepalive_pool_size"));
  out.maxIdle = count(settings.number("upstream_keepalive_total"));
  out.maxRequests = std::max<size_t>(count(settings.number("upstream_keepalive_max_requests")), 1);
  out.idleTimeout = seconds(settings.number("upstream_keepalive_idle_timeout"));
  out.http2.maxStreams = static_cast<uint32_t>(
      std::clamp(settings.number("upstream_http2_max_concurrent_streams"), 1.0, 65535.0));
  return out;
}

std::chrono::milliseconds repeatInterval(const Settings& settings) {
  return seconds(settings.number("log_repeat_interval"));
}

Result<client::Services::Settings> serviceSettings(const Settings& settings) {
  client::Services::Settings out;
  auto workers = workerCount(settings);
  if (!workers) return workers.error();
  out.workers = static_cast<size_t>(*workers) + 1;  // and the main thread's loop
  out.offload.threads = std::clamp<size_t>(count(settings.number("offload_threads")), 1, 64);
  out.offload.maxQueued = count(settings.number("offload_queue"));
  auto memory = parseBytes(settings.text("queue_memory"));
  if (!memory) return Error::invalid("queue_memory " + memory.error().message);
  out.queueMemory = *memory;
  out.logInterval = repeatInterval(settings);
  return out;
}

double cgroupCores(const std::string& root) {
  std::string max = firstLine(root + "/cpu.max");
  if (!max.empty()) {
    if (max.starts_with("max")) return 0;
    size_t space = max.find(' ');
    double period = space == std::string::npos ? 100000 : std::strtod(max.c_str() + space, nullptr);
    double quota = std::strtod(max.c_str(), nullptr);
    return period > 0 && quota > 0 ? quota / period : 0;
  }
  double quota = std::strtod(firstLine(root + "/cpu/cpu.cfs_quota_us").c_str(), nullptr);
  double period = std::strtod(firstLine(root + "/cpu/cpu.cfs_period_us").c_str(), nullptr);
  return quota > 0 && period > 0 ? quota / period : 0;
}

Result<int> workerCount(const Settings& settings) {
  std::string text =
      settings.directive("nginx_main_worker_processes", settings.text("nginx_worker_processes"));
  if (text != "auto") {
    char* end = nullptr;
    long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < 1 || value > 1024) {
      return Error::invalid("nginx_worker_processes has an invalid value: '" + text +
                            "' (auto, or 1 to 1024)");
    }
    return static_cast<int>(value);
  }
  int cores = affinityCores();
  double quota = cgroupCores("/sys/fs/cgroup");
  // The group of this process, where its files are visible.
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    double own = cgroupCores("/sys/fs/cgroup" + line.substr(3));
    if (own > 0 && (quota == 0 || own < quota)) quota = own;
  }
  if (quota > 0) cores = std::min(cores, static_cast<int>(std::ceil(quota)));
  return std::max(cores, 1);
}

}  // namespace tollgate::server
