#pragma once

#include <string>
#include <string_view>

/// The rules of texts that have a name and a value in them, "name:value", as those of
/// transformations. Pure functions; any thread. Those that check answer "" or the text of the
/// error.
namespace tollgate::schema {

/// A name, and what stands behind all colons that follow it. "" for what is not there.
struct Pair {
  std::string_view name, value;
};
Pair splitPair(std::string_view text);

/// "name:value", of which the value may be empty.
std::string checkPair(const std::string& value);
/// Likewise, the name fit for a header.
std::string checkHeaderPair(const std::string& value);
/// "old:new", both fit for headers.
std::string checkHeaderRename(const std::string& value);
/// A name that is fit for a header; a value behind it does not count.
std::string checkHeaderOfPair(const std::string& value);
/// "name:value" with a value.
std::string checkNameWithValue(const std::string& value);
/// Likewise, the value a template (see source/templates).
std::string checkNameWithTemplate(const std::string& value);
/// A template that may fail when it is rendered, but needs no Lua.
std::string checkTemplate(const std::string& value);

}  // namespace tollgate::schema
