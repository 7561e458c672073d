#include "filters/http/key_auth/key_search.h"

#include "filters/http/common/arguments.h"
#include "source/base/json.h"
#include "source/schema/json_text.h"
#include "source/schema/multipart.h"

namespace tollgate::filters::key_auth {
namespace {

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
  size_t matches = 0;
  forEachValue(arguments, name, arena, [&](const std::string_view* value) {
    ++matches;
    if (value == nullptr) return;
    out = {Found::Kind::kText, *value};
  });
  if (matches > 1) out.kind = Found::Kind::kDuplicate;
  return out;
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
