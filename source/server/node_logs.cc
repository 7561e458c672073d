#include "source/server/node_logs.h"

#include "source/log/error_log.h"

namespace tollgate::server {
namespace {

/// nullptr where the setting is "off".
Result<std::unique_ptr<log::LogWriter>> openLog(const Settings& settings, std::string_view name,
                                                const std::string& prefix) {
  std::string path = settings.text(name);
  path = path.substr(0, path.find(' '));
  if (path == "off") return std::unique_ptr<log::LogWriter>();
  if (path.empty() || path.front() != '/') path = prefix + "/" + path;
  return log::LogWriter::open(path);
}

}  // namespace

NodeLogs::~NodeLogs() { log::setErrorWriter(nullptr); }

Status NodeLogs::openErrorLog(const Settings& settings, const std::string& prefix) {
  auto opened = openLog(settings, "proxy_error_log", prefix);
  if (opened && *opened == nullptr) opened = log::LogWriter::open("/dev/null");
  if (!opened) return opened.error();
  error_ = std::move(opened).value();
  log::setErrorWriter(error_.get());
  return {};
}

Status NodeLogs::openAccessLog(const Settings& settings, const std::string& prefix) {
  auto opened = openLog(settings, "proxy_access_log", prefix);
  if (!opened) return opened.error();
  access_ = std::move(opened).value();
  json_ = settings.text("access_log_format") == "json";
  return {};
}

http::AccessSink* NodeLogs::addAccessSink() {
  if (access_ == nullptr) return nullptr;
  auto format = json_ ? log::AccessLog::Format::kJson : log::AccessLog::Format::kCombined;
  sinks_.push_back(std::make_unique<log::AccessLog>(*access_, format));
  return sinks_.back().get();
}

void NodeLogs::reopen() {
  if (error_ != nullptr) error_->reopen();
  if (access_ != nullptr) access_->reopen();
}

void NodeLogs::warn(std::string_view text) { log::error(log::Level::kWarn, text); }

}  // namespace tollgate::server
