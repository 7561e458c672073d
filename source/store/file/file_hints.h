#pragma once

#include <string>
#include <string_view>

#include "source/store/file/document_reader.h"
#include "source/store/file/file_errors.h"

/// What people usually meant by what a file refuses: words for a terminal or a log, beside the
/// error texts that clients compare.
namespace tollgate::store {

inline constexpr const char* kNotReplaced = "looks like a placeholder; nothing is replaced here";

/// Whether the text is one that a template engine or a shell should have replaced: $IP, ${X},
/// {{ X }}, __X__, %X%, <x>. `within`: or holds one.
bool isPlaceholder(std::string_view text, bool within);

/// For `error` of the record `raw` of `schema`, whose path has `from` steps before the record; ""
/// where the message says it all. Never holds a secret.
std::string hintFor(const schema::EntitySchema& schema, Json raw, const FileError& error,
                    size_t from);

/// For a member of the document that no kind is named after; "" where nothing is known of it.
std::string hintForMember(const std::string& name);

/// Whether Kong's own export has the list, and nothing here needs it.
bool isPassedOver(std::string_view list);

}  // namespace tollgate::store
