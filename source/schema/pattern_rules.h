#pragma once

#include <string>

/// The rules of values that are patterns of other texts. Pure functions; any thread. All answer ""
/// or the text of the error.
namespace tollgate::schema {

/// A regular expression in PCRE's notation, as far as it can be matched in linear time.
std::string checkRegex(const std::string& value);
/// An origin of pages (RFC 6454), "*", or a regular expression for either: what has characters that
/// stand in no origin.
std::string checkOrigin(const std::string& value);

}  // namespace tollgate::schema
