#pragma once

#include <string>
#include <string_view>

#include "source/http/filter.h"

namespace tollgate::filters::request_termination {

/// A copy of the request as JSON, beside `message` and what the gateway knows about it.
std::string echoOf(::tollgate::http::Exchange& exchange, std::string_view message);

}  // namespace tollgate::filters::request_termination
