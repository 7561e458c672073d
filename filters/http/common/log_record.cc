#include "filters/http/common/log_record.h"

#include <algorithm>
#include <map>
#include <vector>

#include "filters/http/common/json_writer.h"
#include "source/base/ascii.h"
#include "source/base/host_port.h"
#include "source/base/percent.h"
#include "source/http/directory.h"
#include "source/net/address.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Attempt;
using engine::HeaderMap;
using event::TimePoint;

constexpr size_t kMaxFields = 100;  // of headers and arguments each, as the reference has it
constexpr std::string_view kMasked = "REDACTED";

int64_t millis(event::Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// Of what has happened; 0 of what has not.
int64_t between(TimePoint from, TimePoint to) {
  return from == TimePoint{} || to == TimePoint{} || to < from ? 0 : millis(to - from);
}

/// Unix time in milliseconds.
int64_t unixTimeOf(engine::Exchange& exchange, TimePoint time) {
  return exchange.loop().unixMillis() - millis(exchange.loop().now() - time);
}

/// Bytes of a head's fields and of the empty line, as HTTP/1.1 has them.
uint64_t bytesOf(const HeaderMap& headers) {
  uint64_t bytes = 2;
  headers.forEach([&](const engine::Header& field) { bytes += field.lineBytes(); });
  return bytes;
}

uint64_t requestBytes(engine::Exchange& exchange) {
  const engine::RequestHead& head = exchange.request();
  const uint64_t body = exchange.info().requestBytes;
  if (head.headBytes > 0) return head.headBytes + body;
  constexpr std::string_view kAround = "  HTTP/1.1\r\n";
  return head.method.size() + head.target.size() + kAround.size() + bytesOf(head.headers) + body;
}

uint64_t responseBytes(engine::Exchange& exchange) {
  const engine::ResponseHead& head = exchange.response();
  constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";
  return kStatusLine.size() + bytesOf(head.headers) + exchange.info().responseBytes;
}

/// Fields by lower-case name, or arguments by name, in the order of the first of each.
class Grouped {
 public:
  void add(std::string name, std::string value, bool plain = false) {
    if (count_++ >= kMaxFields) return;
    auto [found, fresh] = places_.try_emplace(std::move(name), entries_.size());
    if (fresh) entries_.emplace_back(&found->first, Values());
    entries_[found->second].second.push_back({std::move(value), plain});
  }
  void write(JsonWriter& json) const {
    json.open('{');
    for (const auto& [name, values] : entries_) {
      json.key(*name);
      if (values.size() > 1) json.open('[');
      for (const auto& [value, plain] : values) plain ? json.raw("true") : json.value(value);
      if (values.size() > 1) json.close(']');
    }
    json.close('}');
  }

 private:
  using Values = std::vector<std::pair<std::string, bool>>;
  std::map<std::string, size_t> places_;
  std::vector<std::pair<const std::string*, Values>> entries_;
  size_t count_ = 0;
};

std::string lowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lowerByte(c);
  return out;
}

Grouped fieldsOf(const HeaderMap& headers, bool maskCredentials) {
  Grouped out;
  headers.forEach([&](const engine::Header& field) {
    std::string name = lowerCase(field.name());
    const bool secret =
        maskCredentials && (name == "authorization" || name == "proxy-authorization");
    out.add(std::move(name), std::string(secret ? kMasked : field.value()));
  });
  return out;
}

Grouped argumentsOf(std::string_view query) {
  Grouped out;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = pair.find('=');
    std::string name = decodedPercent(pair.substr(0, equals), Plus::kSpace);
    if (name.empty()) continue;
    const bool plain = equals == std::string_view::npos;
    out.add(std::move(name),
            plain ? std::string() : decodedPercent(pair.substr(equals + 1), Plus::kSpace), plain);
  }
  return out;
}

std::string urlOf(engine::Exchange& exchange) {
  const engine::ExchangeInfo& info = exchange.info();
  return (info.secure ? "https://" : "http://") +
         lowerCase(HostPort::split(exchange.request().host).host) + ":" +
         std::to_string(info.localPort) + std::string(exchange.loggedTarget());
}

void writeTls(JsonWriter& json, const engine::ExchangeInfo& info) {
  json.key("tls").open('{');
  json.key("version").value(info.tlsVersion);
  json.key("cipher").value(info.tlsCipher);
  json.key("client_verify").value(info.certificate != nullptr ? "SUCCESS" : "NONE");
  json.close('}');
}

bool masked(const engine::ExchangeInfo& info) { return !info.loggedTarget.empty(); }

std::string_view afterMark(std::string_view target) {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

/// Where a filter has taken a secret out of the target, it is not in here either.
std::string_view shownQuery(const engine::Exchange& exchange) {
  const engine::ExchangeInfo& info = exchange.info();
  return masked(info) ? afterMark(info.loggedTarget) : info.query;
}

/// Likewise.
std::string shownUpstreamUri(const engine::Exchange& exchange) {
  const engine::ExchangeInfo& info = exchange.info();
  std::string out(info.upstreamTarget);
  const size_t mark = out.find('?');
  if (!masked(info) || mark == std::string::npos) return out;
  out.resize(mark + 1);
  return out.append(shownQuery(exchange));
}

void writeRequest(JsonWriter& json, engine::Exchange& exchange, const LogFigures& figures) {
  const engine::ExchangeInfo& info = exchange.info();
  const engine::RequestHead& head = exchange.request();
  json.key("request").open('{');
  json.key("id").value(info.requestId);
  json.key("method").value(head.method);
  json.key("uri").value(exchange.loggedTarget());
  json.key("url").value(urlOf(exchange));
  json.key("size").number(static_cast<int64_t>(figures.requestBytes));
  json.key("querystring");
  argumentsOf(shownQuery(exchange)).write(json);
  json.key("headers");
  fieldsOf(info.clientFields != nullptr ? *info.clientFields : head.headers, true).write(json);
  if (info.secure) writeTls(json, info);
  json.close('}');
}

void writeResponse(JsonWriter& json, engine::Exchange& exchange, const LogFigures& figures) {
  const engine::ResponseHead& head = exchange.response();
  json.key("response").open('{');
  json.key("status").number(head.status);
  json.key("size").number(static_cast<int64_t>(figures.responseBytes));
  Grouped fields = fieldsOf(head.headers, false);
  // The codec's field. The reference asks when the connection is no longer kept for anything.
  const bool http2 = exchange.request().version == engine::Version::kHttp2;
  if (!http2) fields.add("connection", head.status == 101 ? "upgrade" : "close");
  json.key("headers");
  fields.write(json);
  json.close('}');
}

/// The attempts in their order.
std::vector<const Attempt*> attemptsOf(const engine::ExchangeInfo& info) {
  std::vector<const Attempt*> out;
  if (info.upstreamBegan == TimePoint{}) return out;
  for (const Attempt* each = &info.attempt; each != nullptr; each = each->before) {
    out.push_back(each);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

bool timedOut(const Attempt& attempt) {
  using Cause = engine::FailureCause;
  return attempt.failure == Cause::kConnectTimedOut || attempt.failure == Cause::kReadTimedOut ||
         attempt.failure == Cause::kSendTimedOut;
}

/// What the attempt came to, as a status: the origin's, or what its failure would be answered with.
int codeOf(const Attempt& attempt) {
  if (attempt.status != 0) return attempt.status;
  return timedOut(attempt) ? 504 : 502;
}

void writeTries(JsonWriter& json, engine::Exchange& exchange,
                const std::vector<const Attempt*>& attempts) {
  json.key("tries").open('[');
  for (const Attempt* attempt : attempts) {
    constexpr int64_t kNanos = 1'000'000;
    const int64_t began = unixTimeOf(exchange, attempt->began);
    const TimePoint sought = attempt->sought == TimePoint{} ? attempt->began : attempt->sought;
    const int64_t waited = between(sought, attempt->began);
    json.open('{');
    json.key("ip").value(attempt->address->ip());
    json.key("port").number(attempt->address->port());
    json.key("balancer_start").number(began);
    json.key("balancer_start_ns").number(began * kNanos);
    json.key("balancer_latency").number(waited);
    json.key("balancer_latency_ns").number(waited * kNanos);
    const bool broken = attempt->failure != engine::FailureCause::kNone;
    const bool next = !broken && attempt != attempts.back();
    if (broken || next) {
      json.key("state").value(broken ? "failed" : "next");
      json.key("code").number(codeOf(*attempt));
    }
    json.close('}');
  }
  json.close(']');
}

std::string statusesOf(const std::vector<const Attempt*>& attempts) {
  std::string out;
  for (const Attempt* attempt : attempts) {
    if (attempt->status == 0 && attempt->failure == engine::FailureCause::kNone) continue;
    if (!out.empty()) out += ", ";
    out += std::to_string(codeOf(*attempt));
  }
  return out;
}

void writeLatencies(JsonWriter& json, const LogFigures& figures) {
  json.key("latencies").open('{');
  json.key("request").number(figures.request);
  json.key("kong").number(figures.kong);
  json.key("proxy").number(figures.proxy);
  json.key("receive").number(figures.receive);
  json.close('}');
}

void writeConsumer(JsonWriter& json, const engine::Consumer& consumer) {
  json.key("consumer").open('{');
  json.key("id").value(consumer.id);
  if (!consumer.username.empty()) json.key("username").value(consumer.username);
  if (!consumer.customId.empty()) json.key("custom_id").value(consumer.customId);
  if (!consumer.record.empty()) json.raw(consumer.record);
  json.close('}');
}

void writeNamed(JsonWriter& json, std::string_view key, const engine::Named& named) {
  json.key(key);
  if (!named.record.empty()) return json.raw(named.record);
  json.open('{');
  json.key("id").value(named.id);
  if (!named.name.empty()) json.key("name").value(named.name);
  json.close('}');
}

void writeEntities(JsonWriter& json, const engine::ExchangeInfo& info) {
  if (info.route != nullptr) writeNamed(json, "route", *info.route);
  if (info.service != nullptr) writeNamed(json, "service", *info.service);
  if (info.consumer != nullptr) writeConsumer(json, *info.consumer);
  if (info.credentialId.empty()) return;
  json.key("authenticated_entity").open('{');
  json.key("id").value(info.credentialId);
  json.close('}');
}

}  // namespace

LogFigures LogFigures::of(engine::Exchange& exchange) {
  const engine::ExchangeInfo& info = exchange.info();
  LogFigures out;
  out.startedAt = unixTimeOf(exchange, info.began);
  out.request = between(info.began, info.ended);
  const bool asked = info.upstreamBegan != TimePoint{};
  out.kong = asked ? between(info.began, info.upstreamBegan) : out.request;
  const TimePoint answered = info.attempt.answered;
  if (asked)
    out.proxy = between(info.upstreamBegan, answered == TimePoint{} ? info.ended : answered);
  out.receive = between(answered, info.ended);
  out.requestBytes = filters::requestBytes(exchange);
  out.responseBytes = filters::responseBytes(exchange);
  return out;
}

std::string logRecord(engine::Exchange& exchange) {
  const engine::ExchangeInfo& info = exchange.info();
  const LogFigures figures = LogFigures::of(exchange);
  const std::vector<const Attempt*> attempts = attemptsOf(info);
  std::string out;
  constexpr size_t kUsual = 2048;
  out.reserve(kUsual);
  JsonWriter json(out);
  json.open('{');
  writeRequest(json, exchange, figures);
  json.key("upstream_uri").value(shownUpstreamUri(exchange));
  json.key("upstream_status").value(statusesOf(attempts));
  writeResponse(json, exchange, figures);
  writeLatencies(json, figures);
  if (info.route != nullptr) writeTries(json, exchange, attempts);
  writeEntities(json, info);
  json.key("client_ip").value(info.clientIp);
  json.key("started_at").number(figures.startedAt);
  json.key("source").value(info.proxied ? "upstream" : "kong");
  if (!info.correlationId.empty()) json.key("correlation_id").value(info.correlationId);
  json.key("workspace").value(engine::kWorkspaceId);
  json.key("workspace_name").value("default");
  json.close('}');
  return out;
}

}  // namespace tollgate::filters
