#pragma once

#include <optional>
#include <string_view>

/// Reading the value of a field such as Authorization as the reference does.
namespace tollgate::filters {

/// White space between a scheme and what follows it.
enum class Blanks { kAny, kAtLeastOne };

/// What follows the first `scheme` in the value that has something behind it, to the value's end;
/// nothing where there is none. The scheme's first letter is in either case ("Basic", "basic"), the
/// others are as given, and it may stand anywhere.
std::optional<std::string_view> afterScheme(std::string_view value, std::string_view scheme,
                                            Blanks blanks);

}  // namespace tollgate::filters
