#pragma once

#include <charconv>

#include "source/store/sql.h"

namespace tollgate::store {

/// The whole number in a result's column; 0 where there is none.
template <typename T>
T numberOf(const SqlValue& text) {
  T value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

}  // namespace tollgate::store
