#pragma once

#include <cstdint>
#include <string_view>

#include "source/http/codec.h"
#include "source/http/failure.h"

namespace tollgate::http {

/// One finished request, for the access log; views are valid during the call only.
struct AccessRecord {
  int64_t unixMillis;
  std::string_view clientIp, method, target, referer, userAgent, requestId;
  Version version;
  int status;
  uint64_t bodyBytes;
  FailureCause
      failure;  ///< Why the origin gave no whole answer; kNone if it did, or was not asked.
};

/// Where the records of one worker go. Must not block.
class AccessSink {
 public:
  virtual ~AccessSink() = default;
  virtual void write(const AccessRecord& record) = 0;
};

}  // namespace tollgate::http
