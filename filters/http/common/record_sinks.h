#pragma once

#include <memory>
#include <string>

#include "filters/http/common/custom_fields.h"
#include "filters/http/common/log_record.h"
#include "source/http/filter_services.h"

namespace tollgate::filters {

/// Where a log plugin's records go: on each worker a `Sink`, a WorkerState with
///   void write(std::string record);
template <typename Sink>
class RecordSinks {
 public:
  /// `fields`: the setting custom_fields_by_lua. `make`: see http::WorkerLocal.
  template <typename Map>
  RecordSinks(::tollgate::http::FilterServices& services, const Map& fields,
              typename ::tollgate::http::WorkerLocal<Sink>::Make make)
      : fields_(fields),
        sinks_(std::make_unique<::tollgate::http::WorkerLocal<Sink>>(services, std::move(make))) {}

  /// In onLog only.
  void log(::tollgate::http::Exchange& exchange) const {
    std::string record = logRecord(exchange);
    fields_.apply(record);
    sinks_->get(exchange.loop()).write(std::move(record));
  }

 private:
  CustomFields fields_;
  std::unique_ptr<::tollgate::http::WorkerLocal<Sink>> sinks_;
};

}  // namespace tollgate::filters
