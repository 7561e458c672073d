#include "filters/http/key_auth/key_search.h"

#include <algorithm>

#include "source/base/json.h"
#include "source/base/percent.h"
#include "source/schema/json_text.h"
#include "source/schema/multipart.h"

namespace tollgate::filters::key_auth {
namespace {

constexpr size_t kMaxArguments = 100;

/// Calls `each(whole, name, value or nullptr)` for the arguments in order.
template <typename F>
void forEachArgument(std::string_view arguments, F&& each) {
  while (!arguments.empty()) {
    size_t end = arguments.find('&');
    std::string_view whole = arguments.substr(0, end);
    size_t equals = whole.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : whole.substr(equals + 1);
    each(whole, whole.substr(0, equals), equals == std::string_view::npos ? nullptr : &value);
    if (end == std::string_view::npos) return;
    arguments.remove_prefix(end + 1);
  }
}

/// The arguments, of which those of that name get the value `instead`; "" takes them out.
std::string_view edited(std::string_view arguments, std::string_view name, Arena& arena,
                        std::string_view instead) {
  size_t count = 1 + static_cast<size_t>(std::count(arguments.begin(), arguments.end(), '&'));
  char* out = arena.chars(arguments.size() + count * (instead.size() + 1));
  size_t size = 0;
  auto put = [&](std::string_view text) {
    text.copy(out + size, text.size());
    size += text.size();
  };
  forEachArgument(arguments,
                  [&](std::string_view whole, std::string_view key, const std::string_view*) {
                    bool meant = decodedPercent(key, Plus::kSpace, arena) == name;
                    if (meant && instead.empty()) return;
                    if (size > 0) put("&");
                    put(meant ? key : whole);
                    if (meant) put("="), put(instead);
                  });
  return {out, size};
}

/// Names are compared literally, as those of arguments.
Found findInParts(const std::string& body, std::string_view contentType, std::string_view name,
                  Arena& arena) {
  Found out;
  auto form = schema::MultipartForm::parse(body, contentType);
  if (!form) return out;
  for (const auto& part : form->parts) {
    if (part.name != name) continue;
    if (out.kind != Found::Kind::kNothing) return {Found::Kind::kDuplicate, {}};
    out = {Found::Kind::kText, arena.copy(part.value)};
  }
  return out;
}

Found fromJson(const Json& value, Arena& arena) {
  if (value.is_array()) return {Found::Kind::kDuplicate, {}};
  if (!value.is_string()) return {};
  return {Found::Kind::kText, arena.copy(value.get_ref<const std::string&>())};
}

}  // namespace

Found findInArguments(std::string_view arguments, std::string_view name, Arena& arena) {
  Found out;
  size_t seen = 0, matches = 0;
  forEachArgument(arguments,
                  [&](std::string_view, std::string_view key, const std::string_view* value) {
                    if (++seen > kMaxArguments || decodedPercent(key, Plus::kSpace, arena) != name)
                      return;
                    ++matches;
                    if (value == nullptr) return;
                    out.kind = Found::Kind::kText;
                    out.text = decodedPercent(*value, Plus::kSpace, arena);
                  });
  if (matches > 1) out.kind = Found::Kind::kDuplicate;
  return out;
}

std::string_view withoutArgument(std::string_view arguments, std::string_view name, Arena& arena) {
  return edited(arguments, name, arena, {});
}

std::string_view withMaskedArgument(std::string_view arguments, std::string_view name,
                                    Arena& arena) {
  return edited(arguments, name, arena, "***");
}

BodyFields::BodyFields(std::string_view contentType, std::string body)
    : contentType_(contentType), body_(std::move(body)) {
  auto is = [&](std::string_view type) {
    return equalsIgnoreCase(contentType.substr(0, type.size()), type);
  };
  if (is("application/x-www-form-urlencoded")) type_ = Type::kForm;
  if (is("multipart/form-data")) type_ = Type::kMultipart;
  if (is("application/json")) type_ = Type::kJson;
}

Found BodyFields::find(std::string_view name, Arena& arena) const {
  if (type_ == Type::kForm) {
    Found found = findInArguments(body_, name, arena);
    found.text = arena.copy(found.text);  // the body goes before the key does
    return found;
  }
  if (type_ == Type::kMultipart) return findInParts(body_, contentType_, name, arena);
  Json fields;
  if (type_ == Type::kJson) fields = schema::parseJson(body_);
  if (!fields.is_object()) return {};
  auto field = fields.find(name);
  return field == fields.end() ? Found{} : fromJson(*field, arena);
}

std::optional<std::string> BodyFields::without(std::string_view name) const {
  if (type_ == Type::kForm) {
    Arena arena;
    return std::string(withoutArgument(body_, name, arena));
  }
  if (type_ == Type::kJson) {
    Json fields = schema::parseJson(body_);
    if (!fields.is_object()) return std::nullopt;
    fields.erase(std::string(name));
    return fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (type_ != Type::kMultipart) return std::nullopt;
  auto form = schema::MultipartForm::parse(body_, contentType_);
  if (!form) return std::nullopt;
  return form->without(name);
}

}  // namespace tollgate::filters::key_auth
