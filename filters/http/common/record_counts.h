#pragma once

#include <string>

#include "source/http/filter_services.h"

namespace tollgate::filters {

/// What became of a log plugin's records on one worker. `filter`: "tcp-log".
struct RecordCounts {
  RecordCounts(::tollgate::http::WorkerServices& services, const std::string& filter)
      : sent(services.counter({"tollgate_log_records_sent_total",
                               "Records handed to a connection or a socket.",
                               stats::Kind::kCounter,
                               stats::Unit::kNone,
                               {"filter"}},
                              {filter})),
        lost(services.counter({"tollgate_log_records_lost_total",
                               "Records that could not be sent, or not fast enough.",
                               stats::Kind::kCounter,
                               stats::Unit::kNone,
                               {"filter"}},
                              {filter})) {}

  stats::Counter& sent;
  stats::Counter& lost;
};

}  // namespace tollgate::filters
