#pragma once

#include <string>
#include <string_view>

#include "source/base/arena.h"

namespace tollgate::filters::redirect {

/// A URL that takes on the path and the query of requests (WHATWG URL, section 4.4).
class Location {
 public:
  explicit Location(std::string_view url);

  /// `path`: begins with "/"; what cannot stand in a path is encoded. `query`: as it is, without
  /// "?"; "" for none.
  std::string_view with(std::string_view path, std::string_view query, Arena& arena) const;

 private:
  std::string origin_;    ///< Scheme and authority, in normal form.
  std::string fragment_;  ///< With its "#"; "" without one.
};

}  // namespace tollgate::filters::redirect
