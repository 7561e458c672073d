#pragma once

#include <string>
#include <string_view>

#include "source/base/utf8.h"
#include "source/base/uuid.h"

/// The named rules of field values ("utf8_name", "host", "route_path", ...; see
/// api/tollgate/schema/v1/options.proto). Pure functions; any thread.
namespace tollgate::schema {

/// "" where `value` satisfies the rule, else the text of the error. Unknown rules accept
/// everything.
std::string checkRule(std::string_view rule, const std::string& value);

using tollgate::invalidUtf8At;
using tollgate::isUuid;
/// "" where every store can keep `text`: UTF-8 without NUL; else the text of the error.
std::string checkText(std::string_view text);
/// A key or secret that nobody chose: 32 random alphanumerics from the system's generator, with a
/// digit among them, so that what finds secrets by their form (a scanner, a mask of a log) finds
/// every one.
std::string makeSecret();

}  // namespace tollgate::schema
