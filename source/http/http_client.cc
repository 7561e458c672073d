#include "source/http/http_client.h"

#include "source/base/ascii.h"
#include "source/base/host_port.h"
#include "source/base/percent.h"

namespace tollgate::http {

std::string HttpServer::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string_view HttpReply::field(std::string_view lowerCaseName) const {
  for (const auto& [name, value] : fields) {
    if (name == lowerCaseName) return value;
  }
  return {};
}

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  HttpUrl out;
  const size_t colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon);
  out.secure = equalsIgnoreCase(scheme, "https");
  if (colon == std::string_view::npos || !(out.secure || equalsIgnoreCase(scheme, "http"))) {
    return Error::invalid("not an URL that begins with http:// or https://");
  }
  text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));
  const size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  std::string_view rest = text.substr(end);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    out.userInfo = decodedPercent(authority.substr(0, at), Plus::kItself);
    authority.remove_prefix(at + 1);
  }
  const HostPort parts = HostPort::split(authority);
  out.host = parts.bareHost();
  const bool address = parts.host.starts_with('[');
  if (out.host.empty() || (!address && out.host.find(':') != std::string::npos)) {
    return Error::invalid("an URL without a host, or with a port that is none");
  }
  out.port = parts.port.empty() ? (out.secure ? 443 : 80) : parts.number();
  if (out.port == 0) return Error::invalid("an URL whose port is 0");
  const size_t question = rest.find('?');
  out.path = rest.substr(0, question);
  if (out.path.empty()) out.path = "/";
  if (question != std::string_view::npos) out.query = rest.substr(question + 1);
  return out;
}

}  // namespace tollgate::http
