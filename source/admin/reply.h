#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/schema/entity_schema.h"

namespace tollgate::admin {

/// What an endpoint answers, before the headers that all answers have.
struct Reply {
  int status = 200;
  Json json;         ///< The body, unless `text` is set or the status has none.
  std::string text;  ///< A body that is not JSON.
  std::string contentType = "application/json; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  bool bare = false;  ///< Without the headers of the API: the request was not even understood.

  static Reply of(int status, Json json) {
    Reply reply;
    reply.status = status;
    reply.json = std::move(json);
    return reply;
  }
  static Reply empty(int status) { return of(status, nullptr); }
  /// Adds a Warning field with that text (RFC 7234 section 5.5, code 199).
  void warn(std::string_view text);
};

/// The answer with which a step ends the request, or nothing to go on.
using Stop = std::optional<Reply>;

}  // namespace tollgate::admin
