#include "source/admin/body.h"

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

}  // namespace

Stop decodeBody(Call& call, bool takesYaml) {
  const std::string* type = nullptr;
  for (const auto& [name, value] : call.request.headers) {
    if (!equalsIgnoringCase(name, "content-type")) continue;
    if (type) {
      Reply reply;
      reply.status = 400;
      reply.text = "Multiple Content-Type headers not allowed";
      reply.contentType = "text/plain; charset=utf-8";
      return reply;
    }
    type = &value;
  }
  const std::string& text = call.request.body;
  if (!type && text.empty()) return {};
  if (type && type->starts_with("application/json")) return decodeJson(call);
  if (type && type->starts_with("application/x-www-form-urlencoded")) {
    bool tooMany = false;
    call.body = schema::parseForm(text, tooMany);
    call.isForm = true;
    if (tooMany) return message(400, "Too many arguments");
    return {};
  }
  if (type && type->starts_with("multipart/form-data")) {
    auto parsed = schema::parseMultipart(text, *type);
    if (parsed.ok()) call.body = std::move(*parsed);
    call.isForm = true;
    return {};
  }
  if (takesYaml && type &&
      (type->starts_with("application/yaml") || type->starts_with("text/yaml"))) {
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
