#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/store/store.h"

namespace tollgate::store {

/// A document as a store keeps it. The same as Json::parse(text, nullptr, false), discarded where
/// it is no JSON or nested too deeply (schema::kMaxJsonDepth, or a little more), in about a third
/// of the time: a start parses every entity. Any thread.
Json parseStored(std::string_view text);
/// Of a column; discarded where it is NULL.
inline Json parseColumn(const std::optional<std::string>& text) {
  return parseStored(text ? std::string_view(*text) : std::string_view());
}

}  // namespace tollgate::store
