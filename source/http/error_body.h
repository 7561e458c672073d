#pragma once

#include <string_view>

#include "source/base/arena.h"

/// Bodies of the answers that the gateway itself gives.
namespace tollgate::http {

struct ErrorBody {
  std::string_view contentType;
  std::string_view body;
};

/// The error body in the form that `accept` asks for; "" (no Accept header) gives JSON. Unknown
/// types give JSON, text/* plain text. What the form reserves is escaped in the message.
ErrorBody errorBody(Arena& arena, std::string_view accept, std::string_view message,
                    std::string_view requestId);

/// The message of an error that the HTTP engine itself raises (malformed or too large requests,
/// broken upstreams).
std::string_view defaultMessage(int status);

}  // namespace tollgate::http
