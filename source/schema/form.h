#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "source/base/result.h"

/// Decoding of bodies and queries that are not JSON into documents whose values are all strings;
/// EntitySchema::coerce gives them their types. Pure functions; any thread.
namespace tollgate::schema {

/// An application/x-www-form-urlencoded body. `tooMany` is set (and the rest dropped) past 1000 fields.
nlohmann::json parseForm(std::string_view body, bool& tooMany);
/// A multipart/form-data body; parts of type application/json are parsed as such.
Result<nlohmann::json> parseMultipart(std::string_view body, std::string_view contentType);
/// A query string without its '?'.
nlohmann::json parseQuery(std::string_view query);

}  // namespace tollgate::schema
