#include "filters/http/common/custom_fields.h"

#include "source/schema/log_rules.h"

namespace tollgate::filters {
namespace {

std::vector<std::string> stepsOf(const std::string& path) {
  std::vector<std::string> out(1);
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 1 < path.size() && path[i + 1] == '.') {
      out.back() += path[++i];
    } else if (path[i] == '.') {
      out.emplace_back();
    } else {
      out.back() += path[i];
    }
  }
  return out;
}

void set(Json& record, const std::vector<std::string>& steps, const Json& value) {
  Json* at = &record;
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    if (!at->is_object()) return;
    if (value.is_null() && !at->contains(steps[i])) return;
    at = &(*at)[steps[i]];
    if (at->is_null()) *at = Json::object();
  }
  if (!at->is_object()) return;
  if (value.is_null()) {
    at->erase(steps.back());
  } else {
    (*at)[steps.back()] = value;
  }
}

}  // namespace

void CustomFields::add(const std::string& path, const std::string& chunk) {
  if (auto value = schema::luaLiteral(chunk)) fields_.emplace_back(stepsOf(path), *value);
}

void CustomFields::apply(std::string& record) const {
  if (fields_.empty()) return;
  Json parsed = Json::parse(record, nullptr, false);
  if (!parsed.is_object()) return;
  for (const auto& [steps, value] : fields_) set(parsed, steps, value);
  record = parsed.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tollgate::filters
