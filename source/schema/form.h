#pragma once

#include <cstddef>
#include <string_view>

#include "source/base/json.h"
#include "source/base/result.h"

/// Decoding of bodies and queries that are not JSON into documents whose values are all strings;
/// EntitySchema::coerce gives them their types. Pure functions; any thread.
namespace tollgate::schema {

/// How many fields a body or a query may have.
inline constexpr size_t kMaxFormFields = 1000;
/// How long the name of a field may be, as it is sent.
inline constexpr size_t kMaxFormNameBytes = 4096;
/// The limit that a body exceeds.
enum class FormLimit { kNone, kFields, kNameLength };

/// An application/x-www-form-urlencoded body. What lies beyond a limit is dropped, and `over` says
/// so.
Json parseForm(std::string_view body, FormLimit* over = nullptr);
/// A multipart/form-data body; parts of type application/json are parsed as such. Beyond a limit it
/// fails, and `over` says so.
Result<Json> parseMultipart(std::string_view body, std::string_view contentType,
                            FormLimit* over = nullptr);
/// A query string without its '?'; what lies beyond a limit is dropped.
Json parseQuery(std::string_view query);

}  // namespace tollgate::schema
