#include "filters/http/request_transformer/variables.h"

#include <algorithm>
#include <array>

#include "filters/http/request_transformer/arguments.h"

namespace tollgate::filters::request_transformer {

using templates::Table;
using templates::Value;

const http::Header* findLoosely(const http::HeaderMap& headers, std::string_view name) {
  const http::Header* found = headers.find(name);
  if (found != nullptr || name.find('_') == std::string_view::npos) return found;
  std::string dashed(name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return headers.find(dashed);
}

namespace {

/// One value, or a list of several, in the arena.
template <typename Next>
Value gathered(size_t count, Arena& arena, Next next) {
  if (count == 0) return Value::nil();
  if (count == 1) return Value::of(next());
  auto* list = static_cast<std::string_view*>(
      arena.allocate(count * sizeof(std::string_view), alignof(std::string_view)));
  for (size_t i = 0; i < count; ++i) new (list + i) std::string_view(next());
  return Value::of(std::span<const std::string_view>(list, count));
}

}  // namespace

Value RequestVariables::header(std::string_view name) const {
  const http::Header* first = findLoosely(headers_, name);
  size_t count = 0;
  for (const http::Header* each = first; each != nullptr; each = headers_.next(*each)) ++count;
  return gathered(count, exchange_.arena(), [&] {
    const std::string_view value = first->value();
    first = headers_.next(*first);
    return value;
  });
}

Value RequestVariables::argument(std::string_view name) const {
  Arena& arena = exchange_.arena();
  // Of more arguments the reference does not look at the rest, and reading them would take long.
  constexpr size_t kMost = 100;
  std::array<std::string_view, kMost> found;
  size_t seen = 0, count = 0;
  bool bare = false;
  forEachArgument(exchange_.query(), [&](std::string_view key, const std::string_view* value) {
    if (seen++ >= kMost || decodedPercent(key, Plus::kSpace, arena) != name) return;
    bare = value == nullptr;
    found[count++] = bare ? "true" : decodedPercent(*value, Plus::kSpace, arena);
  });
  if (count == 1 && bare) return Value::of(true);
  size_t taken = 0;
  return gathered(count, arena, [&] { return found[taken++]; });
}

Value RequestVariables::member(Table table, std::string_view name) {
  switch (table) {
    case Table::kHeaders:
      return header(name);
    case Table::kQuery:
      return argument(name);
    case Table::kCaptures: {
      const auto captured = exchange_.uriCapture(name);
      return captured ? Value::of(*captured) : Value::nil();
    }
    case Table::kShared:
      break;  // no filter shares anything yet
  }
  return Value::nil();
}

}  // namespace tollgate::filters::request_transformer
