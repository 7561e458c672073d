#pragma once

#include <cstdint>
#include <string>

#include "source/http/exchange.h"

namespace tollgate::filters {

/// The numbers of one request that log plugins send; all in onLog. Times in milliseconds.
struct LogFigures {
  int64_t startedAt = 0;  ///< Unix time.
  int64_t request = 0;    ///< From the head of the request to the end.
  int64_t kong = 0;       ///< Until the first attempt at the origin, or of a request without one.
  int64_t proxy = -1;     ///< Until the origin's response head; -1 without an attempt.
  int64_t receive = 0;    ///< From there to the end.
  uint64_t requestBytes = 0;   ///< Head and body; of HTTP/2 as HTTP/1.1 would have it.
  uint64_t responseBytes = 0;  ///< Likewise, without the framing of chunks.

  static LogFigures of(http::Exchange& exchange);
};

/// The record of one request as JSON in one line, without the line's end: Kong's log record, field
/// by field. Credentials that Authorization and Proxy-Authorization carry are left out, and what a
/// filter has taken out of the target (Exchange::setLoggedTarget). In onLog only.
std::string logRecord(http::Exchange& exchange);

}  // namespace tollgate::filters
