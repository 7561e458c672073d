#include "source/server/open_admin_guard.h"

#include <algorithm>

#include "source/base/ascii.h"
#include "source/base/host_port.h"
#include "source/base/json.h"
#include "source/net/open_admin.h"

namespace tollgate::server {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lowerByte);
  return out;
}

http::Action refuse(http::Exchange& exchange, const std::string& message) {
  const Json body = {{"message", message}};
  exchange.reply(403, "application/json; charset=utf-8",
                 body.dump(-1, ' ', false, Json::error_handler_t::replace));
  return http::Action::kPause;
}

}  // namespace

std::string originOf(std::string_view url) {
  const size_t authority = url.find("://");
  if (authority == std::string_view::npos) return lowered(url);
  return lowered(url.substr(0, url.find_first_of("/?#", authority + 3)));
}

http::Action OpenAdminGuard::onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const {
  const http::RequestHead& request = exchange.request();
  if (!hostFits(request.host)) {
    return refuse(exchange,
                  "the Admin API asks nobody who they are, so that it serves local "
                  "names only, and not '" +
                      std::string(request.host) +
                      "': add that to admin_allowed_hosts, or set admin_tokens_file");
  }
  if (!originFits(exchange)) {
    return refuse(exchange,
                  "the Admin API asks nobody who they are, so that pages of other origins may not "
                  "use it: list the origin in admin_gui_url, or set admin_tokens_file");
  }
  return http::Action::kContinue;
}

bool OpenAdminGuard::hostFits(std::string_view host) const {
  // Without a name it is no browser (HTTP/1.0).
  if (settings_.anyHost || host.empty()) return true;
  const HostPort split = HostPort::split(host);
  if (auto literal = net::Address::parse(split.host, 0)) {
    if (net::isLoopback(*literal)) return true;
  }
  const std::string name = lowered(serverNameOf(split.host));
  // Hosts files and container networks have names of one label; on the Internet at most a registry
  // of a top-level domain has one, and so no page of anybody else.
  const bool oneLabel = name.find_first_of(".:") == std::string::npos;
  return oneLabel || name.ends_with(".localhost") ||
         std::any_of(settings_.hosts.begin(), settings_.hosts.end(), [&](const std::string& own) {
           return name == own || equalsIgnoreCase(host, own);
         });
}

bool OpenAdminGuard::originFits(http::Exchange& exchange) const {
  const http::RequestHead& request = exchange.request();
  const http::Header* origin = request.headers.find("Origin");
  if (origin == nullptr) return request.headers.get("Sec-Fetch-Site") != "cross-site";
  const std::string own = (exchange.secure() ? "https://" : "http://") + lowered(request.host);
  const std::string theirs = lowered(origin->value());
  const auto& allowed = settings_.origins;
  return theirs == own || std::find(allowed.begin(), allowed.end(), theirs) != allowed.end();
}

}  // namespace tollgate::server
