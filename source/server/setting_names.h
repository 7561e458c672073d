#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::server {

/// Whether a name in lower case is one of Kong's ways to pass a directive to nginx.
bool isDirective(std::string_view name);
/// Whether it is one of those that the table of settings lists.
bool isKnownDirective(std::string_view name);

/// Whether somebody else sets a variable of this name (in lower case, without its prefix):
/// Kubernetes for a service named kong, or the maker of an image.
bool isForeign(std::string_view name, std::string_view value);

/// One line that names the settings that do not exist, as they were written; "" for none. It says
/// which of them are Kong's elsewhere, and which setting a misspelt one may mean.
std::string unknownLine(const std::set<std::string>& names);

/// "a, b, c and 7 more": a line has room for some names only.
std::string joined(const std::vector<std::string>& names);

}  // namespace tollgate::server
