#pragma once

#include <memory>

#include "source/admin/api.h"
#include "source/http/filter.h"
#include "source/proxy/snapshot.h"
#include "source/server/admin_reader.h"
#include "source/server/control.h"

namespace tollgate::server {

/// A snapshot whose every request is answered by `filter`, the last of its listener's chain.
std::shared_ptr<const proxy::Snapshot> snapshotOf(std::shared_ptr<const http::HttpFilter> filter);

/// The Admin API as the last HTTP filter of a listener: carries what reads to the reader's threads,
/// the rest to the control thread, and the answers back. What says nothing about the store is
/// answered at once, so that a hanging database does not make the node look dead.
class AdminFilter final : public http::HttpFilter {
 public:
  /// `reader` may be null: then the control thread reads, too.
  AdminFilter(admin::Api& api, Control& control, AdminReader* reader, size_t bodyLimit)
      : api_(api), control_(control), reader_(reader), bodyLimit_(bodyLimit) {}

  uint8_t hooks() const override { return http::kRequestHeaders; }
  http::BodyPolicy requestBodyPolicy() const override { return http::BodyPolicy::collect(bodyLimit_); }
  http::Action onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const override;

 private:
  void park(event::EventLoop& loop, http::PauseHandle handle, admin::Response response) const;

  admin::Api& api_;
  Control& control_;
  AdminReader* reader_;
  size_t bodyLimit_;
};

/// The status listener: /status and /status/ready, for probes.
class StatusFilter final : public http::HttpFilter {
 public:
  /// What a probe may learn; any thread.
  class Source {
   public:
    virtual ~Source() = default;
    /// "" if the node serves traffic, else why not.
    virtual std::string notReady() = 0;
  };
  StatusFilter(admin::Api& api, Source& source) : api_(api), source_(source) {}

  uint8_t hooks() const override { return http::kRequestHeaders; }
  http::Action onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const override;

 private:
  admin::Api& api_;
  Source& source_;
};

}  // namespace tollgate::server
