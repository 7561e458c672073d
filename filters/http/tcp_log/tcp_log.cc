#include <algorithm>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/line_sender.h"
#include "filters/http/common/record_sinks.h"
#include "filters/http/tcp_log/tcp_log.pb.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

std::chrono::milliseconds millisOf(double millis) {
  constexpr double kMost = 2147483646;
  return std::chrono::milliseconds(static_cast<int64_t>(std::clamp(millis, 0.0, kMost)));
}

/// Sends the record of every request as a line over TCP.
class TcpLog final : public engine::Filter<http::tcp_log::v1::Config> {
 public:
  static Result<std::unique_ptr<TcpLog>> create(const Config& config,
                                                const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process opens no connections");
    LineSender::Settings settings;
    settings.filter = "tcp-log";
    settings.target.host = config.host();
    settings.target.port = static_cast<uint16_t>(config.port());
    settings.target.timeout = std::max(millisOf(config.timeout()), std::chrono::milliseconds(1));
    settings.keepAlive = millisOf(config.keepalive());
    if (config.tls()) {
      if (context.tls == nullptr) return Error::invalid("tls: this process has no TLS");
      auto client = context.tls->client(false);  // as the reference has it
      if (!client) return Error::invalid("tls: " + client.error().text());
      settings.target.tls = std::move(client).value();
      settings.target.serverName = config.tls_sni();
      settings.target.sendServerName = !config.tls_sni().empty();
    }
    return std::make_unique<TcpLog>(config, *context.services, std::move(settings));
  }
  TcpLog(const Config& config, engine::FilterServices& services, LineSender::Settings settings)
      : sinks_(services, config.custom_fields_by_lua(),
               [settings = std::move(settings)](engine::WorkerServices& worker) {
                 return std::make_unique<LineSender>(worker, settings);
               }) {}

  void onLog(engine::Exchange& exchange, State&) const { sinks_.log(exchange); }

 private:
  RecordSinks<LineSender> sinks_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(TcpLog)

}  // namespace tollgate::filters
