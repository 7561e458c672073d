#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/http/filter.h"

namespace tollgate::server {

/// The origin of a URL ("https://host:port") in lower case, as browsers send it.
std::string originOf(std::string_view url);

/// Stands before an Admin API that asks nobody who they are, so that no web page can drive it from
/// the browser of somebody who reaches it: refuses requests that come from pages of other origins,
/// and those for names that are not local (DNS rebinding).
class OpenAdminGuard final : public http::HttpFilter {
 public:
  struct Settings {
    std::vector<std::string> origins;  ///< Of pages that may, as originOf() writes them.
    std::vector<std::string> hosts;    ///< Names beside those of loopback.
    bool anyHost = false;              ///< The listener was opened to others in so many words.
  };
  explicit OpenAdminGuard(Settings settings) : settings_(std::move(settings)) {}

  uint8_t hooks() const override { return http::kRequestHeaders; }
  http::Action onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const override;

 private:
  bool hostFits(std::string_view host) const;
  bool originFits(http::Exchange& exchange) const;

  Settings settings_;
};

}  // namespace tollgate::server
