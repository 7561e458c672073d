#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/base/json.h"

/// The rules of what log plugins are configured with. Pure functions; any thread. Those that check
/// answer "" or the text of the error.
namespace tollgate::schema {

/// A path that begins and ends with no blank and has none of * & % \ and backtick.
std::string checkLogFile(const std::string& value);
/// The name of a header that may be added to what is sent to a log server.
std::string checkLogHeader(const std::string& name);

/// What a chunk of Lua like "return 'text'" gives: nil (null), true, false, a number or a text.
/// nullopt where that takes more than a literal: there is no Lua.
std::optional<Json> luaLiteral(std::string_view chunk);
std::string checkLuaLiteral(const std::string& chunk);

}  // namespace tollgate::schema
