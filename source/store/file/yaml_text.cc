#include "source/store/file/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "source/schema/rules.h"

namespace tollgate::store {
namespace {

/// Words that some reader of YAML takes for something else than text.
bool isReserved(std::string text) {
  static constexpr std::string_view kWords[] = {"true", "false", "yes",  "no",   "on",
                                                "off",  "null",  "y",    "n",    "~",
                                                "<<",   "=",     ".nan", ".inf", "-.inf"};
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
}

/// Or like a date or a time.
bool looksLikeNumber(const std::string& text) {
  if (schema::isUuid(text) || std::count(text.begin(), text.end(), '.') > 1) return false;
  char first = text[0];
  if (first == '-' || first == '+' || first == '.') return true;
  return std::isdigit(static_cast<unsigned char>(first)) != 0 &&
         text.find_first_not_of("0123456789abcdefABCDEFxXoO_.:+-eTZ ") == std::string::npos;
}

bool isPlain(const std::string& text) {
  if (text.empty() || isReserved(text) || looksLikeNumber(text)) return false;
  if (std::string_view(" !&*-?[]{}|>@`\"'%#,:<=\t").find(text.front()) != std::string_view::npos) {
    return false;
  }
  if (text.back() == ' ' || text.back() == ':') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c >= 0x7f) return false;
    if (c == ':' && i + 1 < text.size() && text[i + 1] == ' ') return false;
    if (c == '#' && i > 0 && text[i - 1] == ' ') return false;
    if (std::string_view("[]{},").find(static_cast<char>(c)) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// As between the quotes of JSON, which is as between the double quotes of YAML, but for characters
/// beyond the first plane: those are two escapes there and one here.
std::string doubleQuoted(const std::string& text) {
  const std::string json = Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string out;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') {
      out += json[i];
      continue;
    }
    auto unit = [&](size_t at) { return std::stoul(json.substr(at + 2, 4), nullptr, 16); };
    if (json[i + 1] == 'u' && unit(i) >= 0xd800 && unit(i) < 0xdc00) {
      unsigned long point = 0x10000 + ((unit(i) - 0xd800) << 10) + (unit(i + 6) - 0xdc00);
      out += fmt::format("\\U{:08X}", point);
      i += 11;
    } else {
      out.append(json, i, 2);
      ++i;
    }
  }
  return out;
}

void append(const Json& value, size_t indent, bool afterDash, std::string& out);

void appendMember(const std::string& name, const Json& value, size_t indent, std::string& out) {
  out += yamlScalar(name);
  out += ':';
  append(value, indent, false, out);
}

void appendRecord(const Json& record, size_t indent, bool afterDash, std::string& out) {
  bool first = afterDash;
  if (!afterDash) out += '\n';
  for (const auto& [name, value] : record.items()) {
    if (!first) out.append(indent, ' ');
    first = false;
    appendMember(name, value, indent, out);
  }
}

void appendList(const Json& list, size_t indent, std::string& out) {
  out += '\n';
  for (const Json& item : list) {
    out.append(indent, ' ');
    out += '-';
    append(item, indent, true, out);
  }
}

/// After "name:" or "-", up to the end of the line or of what lies below.
void append(const Json& value, size_t indent, bool afterDash, std::string& out) {
  if (value.is_object() && !value.empty()) {
    if (afterDash) out += ' ';
    return appendRecord(value, indent + 2, afterDash, out);
  }
  if (value.is_array() && !value.empty()) {
    // A list stands below its name with the same indentation, within a list further in.
    return appendList(value, afterDash ? indent + 2 : indent, out);
  }
  out += ' ';
  if (value.is_string()) {
    out += yamlScalar(value.get_ref<const std::string&>());
  } else if (value.is_null()) {
    out += '~';
  } else {
    out += value.dump();
  }
  out += '\n';
}

}  // namespace

std::string yamlScalar(const std::string& text) {
  if (isPlain(text)) return text;
  bool printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  if (!printable) return doubleQuoted(text);
  std::string out = "'";
  for (char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

void appendYamlElement(const Json& record, std::string& out) {
  out += '-';
  append(record, 0, true, out);
}

}  // namespace tollgate::store
