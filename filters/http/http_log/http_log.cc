
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/queue_settings.h"
#include "filters/http/common/record_sinks.h"
#include "filters/http/http_log/http_log.pb.h"
#include "source/base/ascii.h"
#include "source/crypto/base64.h"
#include "source/http/typed_filter.h"
#include "source/schema/checks.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using Config = http::http_log::v1::Config;
using engine::BatchQueue;

/// What every batch is sent with. Immutable; outlives the filter while something is queued.
struct Receiver {
  engine::HttpCall call;  ///< Without a body.
  bool list = false;      ///< Records are sent as a list, even one alone.
};

std::string bodyOf(const BatchQueue::Batch& batch, bool list) {
  if (!list && batch.size() == 1) return batch.front();
  std::string out = "[";
  for (const std::string& record : batch) {
    if (out.size() > 1) out += ',';
    out += record;
  }
  return out + "]";
}

/// A worker's queue, whose records go out as requests.
class Sender final : public engine::WorkerState {
 public:
  Sender(engine::WorkerServices& worker, const engine::BatchQueueSettings& settings,
         std::shared_ptr<const Receiver> receiver)
      : queue_(worker, settings,
               [&worker, receiver](const BatchQueue::Batch& batch, BatchQueue::Sent sent) {
                 engine::HttpCall call = receiver->call;
                 call.body = bodyOf(batch, receiver->list);
                 worker.http().call(std::move(call), [receiver, sent = std::move(sent)](
                                                         Result<engine::HttpReply> reply) {
                   sent(judge(receiver->call.server.text(), reply));
                 });
               }) {}

  void write(std::string record) { queue_.push(std::move(record)); }
  void finish() override { queue_.finish(); }
  bool busy() const override { return queue_.busy(); }

 private:
  static Status judge(const std::string& server, const Result<engine::HttpReply>& reply) {
    if (!reply) {
      return Error::unavailable("failed request to " + server + ": " + reply.error().message);
    }
    constexpr int kFirstFailure = 300;
    if (reply->status < kFirstFailure) return {};
    return Error::unavailable("request to " + server + " returned status code " +
                              std::to_string(reply->status));
  }

  BatchQueue queue_;
};

std::chrono::milliseconds millisOf(double millis) {
  constexpr double kMost = 2147483646;
  return std::chrono::milliseconds(static_cast<int64_t>(std::fmin(std::fmax(millis, 0), kMost)));
}

Result<std::shared_ptr<const Receiver>> receiverOf(const Config& config,
                                                   const engine::FilterContext& context) {
  auto url = engine::HttpUrl::parse(config.http_endpoint());
  if (!url) return Error::invalid("http_endpoint: " + url.error().message);
  auto out = std::make_shared<Receiver>();
  engine::HttpCall& call = out->call;
  call.server.host = url->host;
  call.server.port = url->port;
  if (url->secure) {
    if (context.tls == nullptr) return Error::invalid("http_endpoint: this process has no TLS");
    auto client = context.tls->client(false);  // as the reference has it
    if (!client) return Error::invalid("http_endpoint: " + client.error().text());
    call.server.tls = std::move(client).value();
  }
  call.method = config.method();
  call.target = url->path;
  for (const auto& [name, value] : config.headers()) call.fields.emplace_back(name, value);
  call.fields.emplace_back("Host", url->host);
  call.fields.emplace_back("Content-Type", config.content_type());
  if (!url->userInfo.empty()) {
    call.fields.emplace_back(
        "Authorization", "Basic " + crypto::encodeBase64(url->userInfo, crypto::Base64::kStandard));
  }
  const auto timeout = millisOf(config.timeout());
  call.limits.connect = call.limits.send = call.limits.read = timeout;
  call.limits.whole = timeout * 3;
  call.limits.keepAlive = millisOf(config.keepalive());
  return std::shared_ptr<const Receiver>(std::move(out));
}

/// Sends the record of every request to an HTTP server.
class HttpLog final : public engine::Filter<Config> {
 public:
  static std::string check(const Json& config) {
    const Json& headers = schema::valueAt(config, "headers");
    const Json& endpoint = schema::valueAt(config, "http_endpoint");
    if (!headers.is_object() || !endpoint.is_string()) return "";
    auto url = engine::HttpUrl::parse(endpoint.get<std::string>());
    if (!url || url->userInfo.empty()) return "";
    for (const auto& [name, value] : headers.items()) {
      if (!equalsIgnoreCase(name, "authorization")) continue;
      return "specifying both an 'Authorization' header and user info in 'http_endpoint' is not "
             "allowed";
    }
    return "";
  }

  static Result<std::unique_ptr<HttpLog>> create(const Config& config,
                                                 const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process sends no requests");
    auto receiver = receiverOf(config, context);
    if (!receiver) return receiver.error();
    const engine::HttpCall& call = (*receiver)->call;
    auto settings = queueSettings(config, "http-log", context.pluginId, call.server.text());
    auto made = std::make_shared<Receiver>(**receiver);
    made->list = settings.maxBatchSize > 1;
    return std::make_unique<HttpLog>(config, *context.services, std::move(settings),
                                     std::move(made));
  }
  HttpLog(const Config& config, engine::FilterServices& services,
          engine::BatchQueueSettings settings, std::shared_ptr<const Receiver> receiver)
      : sinks_(services, config.custom_fields_by_lua(),
               [settings = std::move(settings),
                receiver = std::move(receiver)](engine::WorkerServices& worker) {
                 return std::make_unique<Sender>(worker, settings, receiver);
               }) {}

  void onLog(engine::Exchange& exchange, State&) const { sinks_.log(exchange); }

 private:
  RecordSinks<Sender> sinks_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(HttpLog)

}  // namespace tollgate::filters
