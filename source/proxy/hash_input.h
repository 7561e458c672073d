#pragma once

#include <optional>
#include <string_view>

#include "source/base/arena.h"
#include "source/http/header_map.h"

/// The parts of a request that consistent hashing may go by. nullopt: the request has none.
namespace tollgate::proxy {

/// The values of a header, joined by ", ".
std::optional<std::string_view> headerHashInput(const http::HeaderMap& headers,
                                                std::string_view name);
std::optional<std::string_view> cookieHashInput(const http::HeaderMap& headers,
                                                std::string_view name);
/// The decoded values of an argument, sorted and joined by ","; "true" for one without "=".
std::optional<std::string_view> queryHashInput(Arena& arena, std::string_view query,
                                               std::string_view name);

}  // namespace tollgate::proxy
