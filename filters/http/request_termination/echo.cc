#include "filters/http/request_termination/echo.h"

#include <unistd.h>

#include "source/base/host_port.h"
#include "source/base/json.h"
#include "source/schema/form.h"
#include "source/schema/json_text.h"

namespace tollgate::filters::request_termination {
namespace {

namespace engine = ::tollgate::http;

std::string lowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lowerByte(c);
  return out;
}

/// Fields by lower-case name; of one that is repeated, all values.
Json headersOf(const engine::HeaderMap& headers) {
  Json out = Json::object();
  headers.forEach([&](const engine::Header& header) {
    Json& slot = out[lowerCase(header.name())];
    if (slot.is_null()) {
      slot = header.value();
    } else {
      if (slot.is_string()) slot = Json::array({slot});
      slot.push_back(header.value());
    }
  });
  return out;
}

/// What the body says, for the types that have a structure; null for others.
Json parsedBody(std::string_view type, const std::string& raw) {
  if (type.starts_with("application/json")) {
    Json parsed = schema::parseJson(raw);
    return parsed.is_discarded() ? Json() : parsed;
  }
  if (type.starts_with("application/x-www-form-urlencoded")) return schema::parseForm(raw);
  if (type.starts_with("multipart/form-data")) {
    auto parsed = schema::parseMultipart(raw, type);
    return parsed ? std::move(parsed).value() : Json();
  }
  return {};
}

Json requestOf(engine::Exchange& exchange) {
  const engine::RequestHead& head = exchange.request();
  const HostPort asked = HostPort::split(head.host);
  const int port = !asked.port.empty() ? asked.number() : exchange.secure() ? 443 : 80;
  const buffer::Buffer* whole = exchange.wholeRequestBody();
  const std::string raw = whole != nullptr ? whole->toString() : "";
  Json out = {{"scheme", exchange.secure() ? "https" : "http"},
              {"host", asked.host},
              {"port", port},
              {"method", head.method},
              {"path", exchange.normalizedPath()},
              {"query", schema::parseQuery(exchange.query())},
              {"headers", headersOf(head.headers)},
              {"raw_body", raw},
              {"uri_captures", {{"named", Json::object()}, {"unnamed", Json::array()}}}};
  if (out["query"].is_null()) out["query"] = Json::object();
  Json body = parsedBody(head.headers.get(engine::HeaderCode::kContentType), raw);
  if (!body.is_null()) out["body"] = std::move(body);
  return out;
}

}  // namespace

std::string echoOf(engine::Exchange& exchange, std::string_view message) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  Json out = {{"message", message},
              {"request", requestOf(exchange)},
              {"kong", {{"worker_pid", getpid()}, {"hostname", name}}}};
  auto refer = [&](const char* key, std::string_view id) {
    if (!id.empty()) out[key] = {{"id", id}};
  };
  refer("matched_route", exchange.routeId());
  refer("matched_service", exchange.serviceId());
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tollgate::filters::request_termination
