#pragma once

#include <string_view>

namespace tollgate::http {

/// Lines for whoever runs the process. Any thread; never waits.
class OperatorLog {
 public:
  virtual ~OperatorLog() = default;
  virtual void warn(std::string_view text) = 0;
};

}  // namespace tollgate::http
