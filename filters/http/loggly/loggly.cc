#include <unistd.h>

#include "filters/http/common/custom_fields.h"
#include "filters/http/common/datagram_log.h"
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/log_record.h"
#include "filters/http/common/severity.h"
#include "filters/http/loggly/loggly.pb.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

std::string hostName() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

/// Sends the record of every request to Loggly, in a message of syslog (RFC 5424).
class Loggly final : public engine::Filter<http::loggly::v1::Config> {
 public:
  static Result<std::unique_ptr<Loggly>> create(const Config& config,
                                                const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process sends no datagrams");
    return std::make_unique<Loggly>(config, *context.services);
  }
  Loggly(const Config& config, engine::FilterServices& services)
      : rule_(config),
        fields_(config.custom_fields_by_lua()),
        head_("1 2020-01-01T00:00:00Z " + hostName() + " kong - - [" + config.key() + "@41058"),
        logs_(std::make_unique<engine::WorkerLocal<DatagramLog>>(
            services, [host = config.host(), port = static_cast<uint16_t>(config.port())](
                          engine::WorkerServices& worker) {
              return std::make_unique<DatagramLog>(worker, "loggly", host, port);
            })) {
    for (const std::string& tag : config.tags()) head_ += " tag=\"" + tag + "\"";
    head_ += "] ";
  }

  void onLog(engine::Exchange& exchange, State&) const {
    const std::optional<int> severity = rule_.of(exchange.response().status);
    if (!severity) return;
    std::string record = logRecord(exchange);
    fields_.apply(record);
    constexpr int kUserFacility = 8;
    logs_->get(exchange.loop())
        .write("<" + std::to_string(kUserFacility + *severity) + ">" + head_ + record);
  }

 private:
  SeverityRule rule_;
  CustomFields fields_;
  std::string head_;  ///< Behind the priority. The time is the receiver's to set.
  std::unique_ptr<engine::WorkerLocal<DatagramLog>> logs_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(Loggly)

}  // namespace tollgate::filters
