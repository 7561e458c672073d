#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tollgate::filters {

/// The severities of syslog (RFC 5424 section 6.2.1), the most severe first; by its number.
inline constexpr std::array<std::string_view, 8> kSeverities = {
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

/// "info" of what is none: the schema lets no other through.
constexpr int severityOf(std::string_view name) {
  constexpr int kInfo = 6;
  for (size_t i = 0; i < kSeverities.size(); ++i) {
    if (kSeverities[i] == name) return static_cast<int>(i);
  }
  return kInfo;
}

/// Which severity a record has, by its response's status, and whether that is sent.
class SeverityRule {
 public:
  template <typename Config>
  explicit SeverityRule(const Config& config)
      : least_(severityOf(config.log_level())),
        successful_(severityOf(config.successful_severity())),
        clientErrors_(severityOf(config.client_errors_severity())),
        serverErrors_(severityOf(config.server_errors_severity())) {}

  /// nullopt where it is not sent.
  std::optional<int> of(int status) const {
    const int severity = status >= 500   ? serverErrors_
                         : status >= 400 ? clientErrors_
                                         : successful_;
    return severity <= least_ ? std::optional<int>(severity) : std::nullopt;
  }

 private:
  int least_, successful_, clientErrors_, serverErrors_;
};

}  // namespace tollgate::filters
