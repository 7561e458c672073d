#pragma once

#include <string>
#include <string_view>

/// The rules of paths: those of services, and those of routes, which may be regular expressions.
/// Pure functions; any thread. Those that check answer "" or the text of the error.
namespace tollgate::schema {

/// Every '%' is followed by two hexadecimal digits.
std::string checkEscapes(const std::string& path);
/// "/prefix" in its normal form, or "~/regex".
std::string checkRoutePath(const std::string& path);
/// "" where the router can run the regular expression of a route path (or it is none), else why
/// not.
std::string checkRouterRegex(const std::string& path);

/// The form of a path in which the router compares it: unreserved escapes decoded, the others in
/// upper case, dot segments and empty segments removed.
std::string normalizePath(std::string_view path);

}  // namespace tollgate::schema
