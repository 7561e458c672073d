#include "filters/http/common/arguments.h"

#include <algorithm>

#include "source/http/exchange.h"

namespace tollgate::filters {
namespace {

/// The arguments, of which those of that name get the value `instead`; "" takes them out.
std::string_view edited(std::string_view arguments, std::string_view name, Arena& arena,
                        std::string_view instead) {
  size_t count = 1 + static_cast<size_t>(std::count(arguments.begin(), arguments.end(), '&'));
  char* out = arena.chars(arguments.size() + count * (instead.size() + 1));
  size_t size = 0;
  auto put = [&](std::string_view text) {
    text.copy(out + size, text.size());
    size += text.size();
  };
  forEachArgument(arguments,
                  [&](std::string_view whole, std::string_view key, const std::string_view*) {
                    bool meant = decodedPercent(key, Plus::kSpace, arena) == name;
                    if (meant && instead.empty()) return;
                    if (size > 0) put("&");
                    put(meant ? key : whole);
                    if (meant) put("="), put(instead);
                  });
  return {out, size};
}

}  // namespace

std::string_view withoutArgument(std::string_view arguments, std::string_view name, Arena& arena) {
  return edited(arguments, name, arena, {});
}

std::string_view withMaskedArgument(std::string_view arguments, std::string_view name,
                                    Arena& arena) {
  return edited(arguments, name, arena, "***");
}

void hideArgumentFromLog(::tollgate::http::Exchange& exchange, std::string_view name) {
  std::string_view target = exchange.loggedTarget();
  size_t mark = target.find('?');
  if (mark == std::string_view::npos) return;
  Arena& arena = exchange.arena();
  exchange.setLoggedTarget(arena.concat(target.substr(0, mark + 1),
                                        withMaskedArgument(target.substr(mark + 1), name, arena)));
}

}  // namespace tollgate::filters
