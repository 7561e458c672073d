#include "source/schema/log_rules.h"

#include <charconv>

#include "source/base/ascii.h"
#include "source/base/trim.h"

namespace tollgate::schema {
namespace {

/// A text in quotes, with Lua's escapes of one letter; nullopt for anything else.
std::optional<std::string> quoted(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back()) return std::nullopt;
  const char quote = text.front();
  if (quote != '\'' && quote != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  constexpr std::string_view kLetters = "ntr\\'\"", kMeant = "\n\t\r\\'\"";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == quote || text[i] == '\n') return std::nullopt;
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const size_t at = ++i < text.size() ? kLetters.find(text[i]) : std::string_view::npos;
    if (at == std::string_view::npos) return std::nullopt;
    out += kMeant[at];
  }
  return out;
}

}  // namespace

std::string checkLogFile(const std::string& value) {
  constexpr std::string_view kError = "not a valid filename";
  const bool fine = trimmed(value, kWhiteSpace) == value && value.size() >= 2 &&
                    value.find_first_of("*&%\\`") == std::string::npos;
  return fine ? "" : std::string(kError);
}

std::string checkLogHeader(const std::string& name) {
  for (const char* own : {"Host", "Content-Length", "Content-Type"}) {
    if (equalsIgnoreCase(name, own)) return "cannot contain '" + std::string(own) + "' header";
  }
  return "";
}

std::optional<Json> luaLiteral(std::string_view chunk) {
  constexpr std::string_view kReturn = "return";
  chunk = trimmed(chunk, kWhiteSpace);
  if (chunk.ends_with(';')) chunk = trimmed(chunk.substr(0, chunk.size() - 1), kWhiteSpace);
  if (!chunk.starts_with(kReturn)) return std::nullopt;
  const std::string_view rest = chunk.substr(kReturn.size());
  const std::string_view value = trimmed(rest, kWhiteSpace);
  if (value.empty()) return Json();  // returns nothing
  if (auto text = quoted(value)) return Json(*text);
  if (value.size() == rest.size()) return std::nullopt;  // "returned"
  if (value == "nil") return Json();
  if (value == "true" || value == "false") return Json(value == "true");
  int64_t whole = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), whole);
  if (error == std::errc() && end == value.data() + value.size()) return Json(whole);
  double number = 0;
  auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == value.data() + value.size()) return Json(number);
  return std::nullopt;
}

std::string checkLuaLiteral(const std::string& chunk) {
  if (luaLiteral(chunk)) return "";
  return "Error parsing function: it needs Lua, which is not here; 'return' with nil, true, false, "
         "a "
         "number or a text in quotes can be had";
}

}  // namespace tollgate::schema
