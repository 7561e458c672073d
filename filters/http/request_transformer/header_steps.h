#pragma once

#include "filters/http/request_transformer/steps.h"
#include "source/http/exchange.h"

namespace tollgate::filters::request_transformer {

/// Does the steps to the header fields. `Host` can only be replaced, and fields that frame the
/// message or that the gateway itself tells the origin stay as they are.
void transformHeaders(const Steps& steps, ::tollgate::http::Exchange& exchange, Rendering& render);

}  // namespace tollgate::filters::request_transformer
