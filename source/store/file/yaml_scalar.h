#pragma once

#include <string>
#include <string_view>

#include "source/store/file/document_reader.h"

/// What a plain scalar of YAML is.
namespace tollgate::store {

/// By YAML 1.2's core schema, as far as JSON has its types: null, booleans, decimal numbers, text.
Json plainScalar(std::string_view text);

/// Whether YAML 1.1, in which most files are meant, takes the text for a boolean or a number:
/// `yes`, `off`, `0x1F`, `8_080`, `+1`.
bool isLooseScalar(std::string_view text);
/// The boolean, or null where the text is none.
Json looseBoolean(std::string_view text);
/// The number, or null where the text is none. `010` is none: it is 8 to YAML 1.1 and 10 to 1.2.
Json looseNumber(std::string_view text);

}  // namespace tollgate::store
