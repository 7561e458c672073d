#include "filters/http/common/datagram_log.h"
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/record_sinks.h"
#include "filters/http/udp_log/udp_log.pb.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

/// Sends the record of every request as a datagram.
class UdpLog final : public engine::Filter<http::udp_log::v1::Config> {
 public:
  static Result<std::unique_ptr<UdpLog>> create(const Config& config,
                                                const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process sends no datagrams");
    return std::make_unique<UdpLog>(config, *context.services);
  }
  UdpLog(const Config& config, engine::FilterServices& services)
      : sinks_(services, config.custom_fields_by_lua(),
               [host = config.host(),
                port = static_cast<uint16_t>(config.port())](engine::WorkerServices& worker) {
                 return std::make_unique<DatagramLog>(worker, "udp-log", host, port);
               }) {}

  void onLog(engine::Exchange& exchange, State&) const { sinks_.log(exchange); }

 private:
  RecordSinks<DatagramLog> sinks_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(UdpLog)

}  // namespace tollgate::filters
