#include "source/config/document.h"

#include "source/http/exchange_info.h"

namespace tollgate::config {

namespace {

Json withoutNulls(const Json& doc) {
  Json out = Json::object();
  for (auto it = doc.begin(); it != doc.end(); ++it) {
    if (!it->is_null()) out[it.key()] = *it;
  }
  return out;
}

std::string textOf(const Json& doc) {
  return doc.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string recordOf(const Json& doc) {
  if (!doc.is_object()) return "{}";
  Json out = withoutNulls(doc);
  out["ws_id"] = std::string(http::kWorkspaceId);
  return textOf(out);
}

std::string recordMembers(const Json& doc, std::initializer_list<std::string_view> known) {
  if (!doc.is_object()) return {};
  Json out = withoutNulls(doc);
  for (std::string_view name : known) out.erase(std::string(name));
  const std::string text = textOf(out);
  return text.substr(1, text.size() - 2);
}

}  // namespace tollgate::config
