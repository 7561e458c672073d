#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "filters/http/request_transformer/steps.h"

namespace tollgate::filters::request_transformer {

enum class BodyType : uint8_t { kOther, kJson, kForm, kMultipart };
/// By what Content-Type says, whatever its parameters.
BodyType bodyTypeOf(std::string_view contentType);

/// Does the steps to a body; nullopt where that leaves it as it is.
std::optional<std::string> transformBody(const Steps& steps, BodyType type,
                                         std::string_view contentType, const std::string& body,
                                         Rendering& render);

}  // namespace tollgate::filters::request_transformer
