#include "filters/http/jwt/token_search.h"

#include "filters/http/common/arguments.h"
#include "filters/http/common/scheme.h"
#include "source/base/ascii.h"
#include "source/base/trim.h"

namespace tollgate::filters::jwt {

namespace engine = ::tollgate::http;

std::string_view cookieOf(const engine::HeaderMap& headers, std::string_view name) {
  const engine::Header* header = headers.find(engine::HeaderCode::kCookie);
  for (; header != nullptr; header = headers.next(*header)) {
    std::string_view rest = header->value();
    while (!rest.empty()) {
      const size_t end = rest.find(';');
      const std::string_view one = trimmed(rest.substr(0, end));
      rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
      const size_t equals = one.find('=');
      if (equals == one.npos || !equalsIgnoreCase(trimmed(one.substr(0, equals)), name)) continue;
      return trimmed(one.substr(equals + 1));
    }
  }
  return {};
}

FoundTokens findTokens(engine::Exchange& exchange, const TokenPlaces& places) {
  FoundTokens out;
  if (!exchange.query().empty()) {
    for (const std::string& name : places.arguments) {
      bool there = false;
      forEachValue(exchange.query(), name, exchange.arena(), [&](const std::string_view* value) {
        if (value != nullptr) out.add(*value);
        there = true;
      });
      if (there) hideArgumentFromLog(exchange, name);
    }
  }
  const engine::HeaderMap& headers = exchange.request().headers;
  for (const std::string& name : places.cookies) out.add(cookieOf(headers, name));
  for (const std::string& name : places.headers) {
    if (auto token = afterScheme(headers.get(name), "Bearer", Blanks::kAtLeastOne)) out.add(*token);
  }
  return out;
}

}  // namespace tollgate::filters::jwt
