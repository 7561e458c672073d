#include "source/admin/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/admin/errors.h"
#include "source/schema/form.h"
#include "source/schema/json_text.h"

namespace tollgate::admin {
namespace {

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

Stop decodeJson(Call& call) {
  const std::string& text = call.request.body;
  const bool marked = text.starts_with("\xEF\xBB\xBF");
  Json body = marked ? Json(Json::value_t::discarded) : schema::parseJson(text);
  if (body.is_array() && body.empty()) body = Json::object();
  if (body.is_discarded() || !body.is_object()) return message(400, "Cannot parse JSON body");
  call.body = std::move(body);
  return {};
}

bool isOfType(std::string_view type, std::string_view wanted) {
  return type.size() >= wanted.size() && equalsIgnoringCase(type.substr(0, wanted.size()), wanted);
}

Stop tooMuch(schema::FormLimit over) {
  switch (over) {
    case schema::FormLimit::kNone:
      return {};
    case schema::FormLimit::kFields:
      return message(400, "Too many arguments");
    case schema::FormLimit::kNameLength:
      return message(400, fmt::format("The name of a field is longer than {} bytes",
                                      schema::kMaxFormNameBytes));
  }
  return {};
}

}  // namespace

Stop decodeBody(Call& call, bool takesYaml) {
  const std::string* given = nullptr;
  for (const auto& [name, value] : call.request.headers) {
    if (!equalsIgnoringCase(name, "content-type")) continue;
    if (given) {
      Reply reply;
      reply.status = 400;
      reply.text = "Multiple Content-Type headers not allowed";
      reply.contentType = "text/plain; charset=utf-8";
      return reply;
    }
    given = &value;
  }
  const std::string& text = call.request.body;
  if (!given && text.empty()) return {};
  const std::string_view type = given ? *given : std::string_view();
  schema::FormLimit over = schema::FormLimit::kNone;
  if (isOfType(type, "application/json")) return decodeJson(call);
  if (isOfType(type, "application/x-www-form-urlencoded")) {
    call.body = schema::parseForm(text, &over);
    call.isForm = true;
    return tooMuch(over);
  }
  if (isOfType(type, "multipart/form-data")) {
    auto parsed = schema::parseMultipart(text, type, &over);
    if (parsed.ok()) call.body = std::move(*parsed);
    call.isForm = true;
    return tooMuch(over);
  }
  if (takesYaml && (isOfType(type, "application/yaml") || isOfType(type, "text/yaml"))) {
    call.body = {{"config", text}};
    return {};
  }
  return htmlPage(415, "Unsupported Media Type");
}

const std::string* findHeader(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (equalsIgnoringCase(key, name)) return &value;
  }
  return nullptr;
}

std::optional<std::string> queryValue(std::string_view query, std::string_view name) {
  const Json all = schema::parseQuery(query);
  auto at = all.find(std::string(name));
  if (at == all.end()) return {};
  const Json* value = &*at;
  if (value->is_array() && !value->empty()) value = &value->front();
  return value->is_string() ? value->get<std::string>() : std::string();
}

size_t queryCount(std::string_view query) {
  if (query.empty()) return 0;
  return static_cast<size_t>(std::count(query.begin(), query.end(), '&')) + 1;
}

}  // namespace tollgate::admin
