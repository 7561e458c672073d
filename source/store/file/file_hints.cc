#include "source/store/file/file_hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "source/schema/plugin_names.h"
#include "source/store/file/declared_kinds.h"
#include "source/store/file/raw_record.h"

namespace tollgate::store {
namespace {

constexpr size_t kShownLength = 80;
bool isNameChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool isUpperName(std::string_view text) {
  bool letter = false;
  for (char c : text) {
    if (!std::isupper(static_cast<unsigned char>(c)) &&
        !std::isdigit(static_cast<unsigned char>(c)) && c != '_') {
      return false;
    }
    letter = letter || std::isupper(static_cast<unsigned char>(c));
  }
  return letter;
}

/// The length of the placeholder with which `text` begins; 0 where it begins with none.
size_t placeholderLength(std::string_view text) {
  auto upTo = [&](std::string_view open, std::string_view close) -> size_t {
    if (!text.starts_with(open)) return 0;
    size_t end = text.find(close, open.size());
    return end == std::string_view::npos || end == open.size() ? 0 : end + close.size();
  };
  if (size_t length = std::max(upTo("${", "}"), upTo("{{", "}}")); length > 0) return length;
  if (text.starts_with('$')) {
    size_t end = 1;
    while (end < text.size() && isNameChar(text[end])) ++end;
    return isUpperName(text.substr(1, end - 1)) ? end : 0;
  }
  for (const char* mark : {"__", "%", "<"}) {
    const std::string_view open(mark), close = open == "<" ? ">" : open;
    const size_t length = upTo(open, close);
    if (length == 0) continue;
    const auto name = text.substr(open.size(), length - open.size() - close.size());
    if (isUpperName(name)) return length;
  }
  return 0;
}

/// The text in quotes, cut, without characters that a terminal would act on or that are none.
std::string shown(const std::string& text) {
  const Json cut = text.substr(0, kShownLength);
  std::string out =
      Json::parse(cut.dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "'" + out + (text.size() > kShownLength ? "…'" : "'");
}

/// Whether the error is of a field that is made of "url".
bool isOfUrl(const FileError& error, size_t from) {
  static constexpr const char* kParts[] = {"protocol", "host", "port", "path"};
  return error.path.size() == from + 1 &&
         std::any_of(std::begin(kParts), std::end(kParts),
                     [&](const char* part) { return error.path[from] == PathStep(part); });
}

/// "host" is missing because "url" is one without a scheme.
std::string hintForUrl(const std::string& url) {
  if (url.find("//") != std::string::npos || url.find('@') != std::string::npos) return "";
  const std::string text = shown(url);
  return fmt::format("url {} has no scheme; did you mean http://{}?", text,
                     std::string_view(text).substr(1, text.size() - 2));
}

/// An unknown member of a reference, as in `service: {name: a}`.
std::string hintForReference(const schema::EntitySchema& schema, const Json& raw,
                             const FileError& error, size_t from) {
  if (error.path.size() < from + 2) return "";
  const auto* field = std::get_if<std::string>(&error.path[from]);
  if (field == nullptr) return "";
  for (const schema::ForeignField& foreign : schema.foreignFields()) {
    if (foreign.field != *field || !raw.contains(*field) || !raw[*field].is_object()) continue;
    const std::string name = textOf(raw[*field], "name");
    return fmt::format("a reference is written as `{0}: {1}` or as `{0}: {{id: …}}`", *field,
                       name.empty() ? "NAME" : name);
  }
  return "";
}

}  // namespace

bool isPlaceholder(std::string_view text, bool within) {
  if (text.starts_with("{vault://")) return false;
  if (!within) return !text.empty() && placeholderLength(text) == text.size();
  for (size_t at = text.find_first_of("${_%<"); at != std::string_view::npos;
       at = text.find_first_of("${_%<", at + 1)) {
    if (placeholderLength(text.substr(at)) > 0) return true;
  }
  return false;
}

std::string hintFor(const schema::EntitySchema& schema, Json raw, const FileError& error,
                    size_t from) {
  if (error.reference) return "";
  const Json* part = partAt(raw, error.path, from);
  if (schema.kind() == "plugins" && error.message.ends_with("'plugins' configuration property")) {
    return "it " + schema::whyNoPlugin(textOf(raw, "name"));
  }
  const std::string url = schema.kind() == "services" ? textOf(raw, "url") : std::string();
  if (part == nullptr && !url.empty() && isOfUrl(error, from)) {
    if (isPlaceholder(url, true)) return std::string("url ") + kNotReplaced;
    if (error.message == "required field missing") return hintForUrl(url);
    return url.find('@') == std::string::npos ? "it is part of url " + shown(url) : "";
  }
  if (std::string hint = hintForReference(schema, raw, error, from); !hint.empty()) return hint;
  if (part == nullptr || !part->is_string()) return "";
  const bool placeholder = isPlaceholder(part->get_ref<const std::string&>(), true);
  raw = schema.masked(std::move(raw));
  part = partAt(raw, error.path, from);
  if (part == nullptr || !part->is_string()) return placeholder ? kNotReplaced : "";
  const auto& text = part->get_ref<const std::string&>();
  if (text == schema::kMask) return placeholder ? std::string("it ") + kNotReplaced : "";
  if (placeholder) return shown(text) + " " + kNotReplaced;
  static constexpr const char* kTold[] = {"unknown field", "value must be null"};
  const bool told = error.message.find("'" + text + "'") != std::string::npos ||
                    error.message.ends_with(": " + text) ||
                    std::find(std::begin(kTold), std::end(kTold), error.message) != std::end(kTold);
  return told || text.empty() ? "" : "it is " + shown(text);
}

std::string hintForMember(const std::string& name) {
  static constexpr const char* kDeck[] = {"_info",           "_workspace",      "_konnect",
                                          "_plugin_configs", "_runtime_groups", "_control_plane"};
  if (std::find(std::begin(kDeck), std::end(kDeck), name) != std::end(kDeck)) {
    return "decK's files have it: write such a file with `deck gateway sync` to the Admin API, or "
           "remove the member";
  }
  return "";
}

bool isPassedOver(std::string_view list) {
  return list == "parameters" || list == "workspaces" || list == "clustering_data_planes";
}

}  // namespace tollgate::store
