#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <string_view>

namespace tollgate {

/// A fast hash of texts for tables in memory (XXH3): several times cheaper than std::hash for the
/// short ones that they are asked for, and as little a secret: for tables whose entries nobody can
/// add at will. Transparent, so that tables of strings are searched by views.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }
};

}  // namespace tollgate
