#pragma once

#include <string>
#include <string_view>

namespace tollgate::store {

/// The identifier (UUID version 5) of an entity that a file gives none: the same for the same kind
/// and name wherever the file is read. For named entities it is the one that Kong's tools generate,
/// so that files move between the two.
std::string stableId(std::string_view kind, std::string_view name);

}  // namespace tollgate::store
