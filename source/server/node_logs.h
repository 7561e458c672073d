#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/http/access_log.h"
#include "source/http/operator_log.h"
#include "source/log/access_log.h"
#include "source/log/log_writer.h"
#include "source/server/settings.h"

namespace tollgate::server {

/// Where the lines of this process go, as the settings have it. Outlives whatever logs.
class NodeLogs final : public http::OperatorLog {
 public:
  NodeLogs() = default;
  ~NodeLogs() override;

  /// From here on error lines wait for nobody. `prefix`: the folder that relative paths start from.
  Status openErrorLog(const Settings& settings, const std::string& prefix);
  Status openAccessLog(const Settings& settings, const std::string& prefix);
  /// A producer for one worker; nullptr where there is no access log.
  http::AccessSink* addAccessSink();
  /// Opens the files anew, after they were moved away.
  void reopen();

  /// What filters and the data path have to say, as lines of the error log.
  void warn(std::string_view text) override;

 private:
  std::unique_ptr<log::LogWriter> error_, access_;
  std::vector<std::unique_ptr<log::AccessLog>> sinks_;
  bool json_ = false;
};

}  // namespace tollgate::server
