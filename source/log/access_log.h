#pragma once

#include <ctime>
#include <string_view>

#include "source/http/access_log.h"
#include "source/log/log_writer.h"

namespace tollgate::log {

/// Formats the requests of one worker into lines. Used by that worker only; allocates nothing.
class AccessLog final : public http::AccessSink {
 public:
  enum class Format {
    kCombined,  ///< nginx's combined format and the request id.
    kJson,      ///< One object a line.
  };
  /// `writer` must outlive it.
  AccessLog(LogWriter& writer, Format format)
      : writer_(writer), ring_(writer.addRing()), format_(format) {}

  void write(const http::AccessRecord& record) override;

 private:
  std::string_view timestamp(int64_t unixMillis);

  LogWriter& writer_;
  LineRing& ring_;
  Format format_;
  time_t second_ = -1;
  char time_[40];
  size_t timeSize_ = 0;
};

}  // namespace tollgate::log
