#pragma once

#include <memory>
#include <string>

#include "filters/http/common/record_counts.h"
#include "source/http/filter_services.h"

namespace tollgate::filters {

/// Records as datagrams, one each, to a host. One worker's; never waits.
class DatagramLog final : public ::tollgate::http::WorkerState {
 public:
  /// `filter`: "udp-log", by which it counts.
  DatagramLog(::tollgate::http::WorkerServices& services, const std::string& filter,
              const std::string& host, uint16_t port)
      : sender_(services.dialer(), host, port),
        receiver_(services.process().dependencies().use(
            filter + ": " + host + ":" + std::to_string(port), "records are lost")),
        counts_(services, filter) {}

  void write(const std::string& record) {
    sender_.send(record);
    const bool sent = sender_.sent() > told_.sent;
    counts_.sent.add(sender_.sent() - told_.sent);
    counts_.lost.add(sender_.lost() - told_.lost);
    told_ = {sender_.sent(), sender_.lost()};
    const std::string error = sender_.takeError();
    if (!error.empty()) return receiver_->failed(error);
    if (sent) receiver_->answered();
  }

 private:
  struct Told {
    uint64_t sent = 0, lost = 0;
  };

  net::DatagramSender sender_;
  const std::shared_ptr<::tollgate::http::Dependency> receiver_;
  const RecordCounts counts_;
  Told told_;
};

}  // namespace tollgate::filters
