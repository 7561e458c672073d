#include <array>

#include "filters/http/common/custom_fields.h"
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/log_record.h"
#include "filters/http/common/severity.h"
#include "filters/http/syslog/local_syslog.h"
#include "filters/http/syslog/syslog.pb.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using syslog::LocalSyslog;

/// By their numbers (RFC 5424 section 6.2.1); "" for those that have no name here.
constexpr std::array<std::string_view, 24> kFacilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "",       "",       "",       "",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

int facilityOf(std::string_view name) {
  constexpr int kUser = 1;
  for (size_t i = 0; i < kFacilities.size(); ++i) {
    if (kFacilities[i] == name) return static_cast<int>(i);
  }
  return kUser;
}

/// Sends the record of every request to the system's log.
class Syslog final : public engine::Filter<http::syslog::v1::Config> {
 public:
  static Result<std::unique_ptr<Syslog>> create(const Config& config,
                                                const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process has no system's log");
    return std::make_unique<Syslog>(config, *context.services);
  }
  Syslog(const Config& config, engine::FilterServices& services)
      : rule_(config),
        facility_(facilityOf(config.facility())),
        fields_(config.custom_fields_by_lua()),
        logs_(std::make_unique<engine::WorkerLocal<LocalSyslog>>(
            services,
            [](engine::WorkerServices& worker) { return std::make_unique<LocalSyslog>(worker); })) {
  }

  void onLog(engine::Exchange& exchange, State&) const {
    const std::optional<int> severity = rule_.of(exchange.response().status);
    if (!severity) return;
    std::string record = logRecord(exchange);
    fields_.apply(record);
    logs_->get(exchange.loop()).write(facility_, *severity, record);
  }

 private:
  SeverityRule rule_;
  int facility_;
  CustomFields fields_;
  std::unique_ptr<engine::WorkerLocal<LocalSyslog>> logs_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(Syslog)

}  // namespace tollgate::filters
