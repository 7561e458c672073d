#include "source/schema/service_url.h"

#include <string>

namespace tollgate::schema {
namespace {

/// Host and port of an authority; a port that is not a number stays text, for validation to refuse.
void splitAuthority(std::string authority, Json& host, Json& port) {
  authority = authority.substr(authority.rfind('@') + 1);
  size_t portAt = authority.rfind(':');
  if (portAt != std::string::npos && authority.find(']', portAt) == std::string::npos) {
    std::string digits = authority.substr(portAt + 1);
    const bool number =
        digits.size() < 9 && digits.find_first_not_of("0123456789") == std::string::npos;
    if (!digits.empty()) port = number ? Json(std::stoi(digits)) : Json(digits);
    authority.resize(portAt);
  }
  if (authority.size() > 1 && authority.front() == '[' && authority.back() == ']') {
    authority = authority.substr(1, authority.size() - 2);
  }
  if (!authority.empty()) host = authority;
}

void expandUrl(Json& body) {
  auto at = body.find("url");
  if (at == body.end() || !at->is_string()) return;
  std::string url = at->get<std::string>();
  url = url.substr(0, url.find_first_of("?#"));
  body.erase(at);
  Json scheme, host, port, path;
  size_t slashes = url.find("//");
  const bool relative = slashes != 0 && (slashes == std::string::npos || url[slashes - 1] != ':');
  if (relative) {
    path = url;
  } else {
    if (slashes > 0) scheme = url.substr(0, slashes - 1);
    std::string rest = url.substr(slashes + 2);
    size_t slash = rest.find('/');
    if (slash != std::string::npos) path = rest.substr(slash);
    splitAuthority(rest.substr(0, slash), host, port);
  }
  if (scheme.is_null()) scheme = port == 443 ? "https" : "http";
  if (port.is_null()) port = scheme == "https" ? 443 : 80;
  body["protocol"] = scheme;
  body["port"] = port;
  body["host"] = host;
  body["path"] = path;
}

/// Only what `url` itself can be wrong in; null is as good as absent.
void checkUrl(Json& body, Json& errors) {
  auto url = body.find("url");
  if (url == body.end()) return;
  if (url->is_null()) {
    body.erase(url);
  } else if (!url->is_string()) {
    errors["url"] = "expected a string";
  } else if (url->get_ref<const std::string&>().empty()) {
    errors["url"] = "length must be at least 1";
  }
}

}  // namespace

void takeServiceUrl(Json& body, Json& errors) {
  checkUrl(body, errors);
  if (errors.empty()) expandUrl(body);
}

}  // namespace tollgate::schema
