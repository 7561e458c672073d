#pragma once

#include <cstddef>
#include <string_view>

#include "source/base/arena.h"
#include "source/base/percent.h"

/// The arguments of a query ("a=b&c=d"), or of a form, for filters.
namespace tollgate::http {
class Exchange;
}

namespace tollgate::filters {

/// Of more arguments a filter does not look at the rest.
inline constexpr size_t kMaxArguments = 100;

/// Calls `each(whole, name, value or nullptr)` for the arguments in order, as they are written.
template <typename F>
void forEachArgument(std::string_view arguments, F&& each) {
  while (!arguments.empty()) {
    size_t end = arguments.find('&');
    std::string_view whole = arguments.substr(0, end);
    size_t equals = whole.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : whole.substr(equals + 1);
    each(whole, whole.substr(0, equals), equals == std::string_view::npos ? nullptr : &value);
    if (end == std::string_view::npos) return;
    arguments.remove_prefix(end + 1);
  }
}

/// Calls `each(value)` with the decoded value of each argument of that name among the first
/// kMaxArguments; nullptr for one without '='. Names are compared literally after decoding.
template <typename F>
void forEachValue(std::string_view arguments, std::string_view name, Arena& arena, F&& each) {
  size_t seen = 0;
  forEachArgument(arguments,
                  [&](std::string_view, std::string_view key, const std::string_view* value) {
                    if (++seen > kMaxArguments) return;
                    if (decodedPercent(key, Plus::kSpace, arena) != name) return;
                    if (value == nullptr) return each(value);
                    const std::string_view decoded = decodedPercent(*value, Plus::kSpace, arena);
                    each(&decoded);
                  });
}

/// The arguments without those of that name; the others keep order and encoding.
std::string_view withoutArgument(std::string_view arguments, std::string_view name, Arena& arena);

/// The arguments with "***" as the value of those of that name.
std::string_view withMaskedArgument(std::string_view arguments, std::string_view name,
                                    Arena& arena);

/// The access log shows "***" as the value of the request's arguments of that name.
void hideArgumentFromLog(::tollgate::http::Exchange& exchange, std::string_view name);

}  // namespace tollgate::filters
