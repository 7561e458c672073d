#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/http/exchange.h"

namespace tollgate::filters::jwt {

/// Where a token may stand in a request.
struct TokenPlaces {
  std::vector<std::string> arguments, cookies, headers;  ///< Names.
};

/// What stands there. The same token in several places counts once.
struct FoundTokens {
  std::string_view token;  ///< "" if there is none; lives in the request or the arena.
  bool several = false;    ///< There are different ones.

  void add(std::string_view text) {
    if (text.empty() || text == token) return;
    several = several || !token.empty();
    token = text;
  }
};

/// Every value of the arguments; of each cookie the first, its name in any case; of each header
/// field the first, behind "Bearer" or "bearer". A token in the query does not reach the access
/// log.
FoundTokens findTokens(::tollgate::http::Exchange& exchange, const TokenPlaces& places);

/// The value of the first cookie of that name, in any case; "" if there is none (RFC 6265 section
/// 4.2, read with patience).
std::string_view cookieOf(const ::tollgate::http::HeaderMap& headers, std::string_view name);

}  // namespace tollgate::filters::jwt
