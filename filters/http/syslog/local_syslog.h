#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "filters/http/common/record_counts.h"
#include "source/http/filter_services.h"

namespace tollgate::filters::syslog {

/// "<14>Nov 30 15:50:40 kong[5360]: text", as syslog(3) writes it; `local` is the time.
std::string messageOf(int facility, int severity, const std::tm& local, int pid,
                      std::string_view text);

/// The system's log by its socket, without the waits of syslog(3): what it does not take at once is
/// lost. One worker's.
class LocalSyslog final : public ::tollgate::http::WorkerState {
 public:
  static constexpr const char* kSocket = "/dev/log";

  LocalSyslog(::tollgate::http::WorkerServices& services, std::string path = kSocket);
  ~LocalSyslog() override;

  void write(int facility, int severity, std::string_view text);

 private:
  bool connect();
  void close();
  bool send(const std::string& message);

  ::tollgate::http::WorkerServices& services_;
  const std::string path_;
  const std::shared_ptr<::tollgate::http::Dependency> receiver_;
  const RecordCounts counts_;
  int fd_ = -1;
};

}  // namespace tollgate::filters::syslog
