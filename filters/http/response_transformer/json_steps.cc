#include "filters/http/response_transformer/json_steps.h"

#include <cmath>
#include <cstdlib>

#include "filters/http/common/transformation.h"
#include "source/base/ascii.h"
#include "source/base/trim.h"
#include "source/schema/json_text.h"

namespace tollgate::filters::response_transformer {

std::optional<std::string> JsonSteps::apply(const std::string& body) const {
  Json fields = schema::parseJson(body);
  if (fields.is_discarded()) return std::nullopt;
  if (!fields.is_object()) return body;
  for (const std::string& name : remove) fields.erase(name);
  for (const Rename& step : rename) renameField(fields, step.from, step.to);
  for (const Change& step : replace) {
    if (presentField(fields, step.name) != nullptr) fields[step.name] = step.value;
  }
  for (const Change& step : add) {
    if (presentField(fields, step.name) == nullptr) fields[step.name] = step.value;
  }
  for (const Change& step : append) appendField(fields, step.name, step.value);
  return fields.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Json> valueOf(std::string_view text, std::string_view type) {
  if (type == "boolean") return Json(text == "true");
  if (type != "number") return Json(std::string(text));
  constexpr size_t kMostDigits = 64;
  constexpr double kMostWhole = 9e15;  // up to there whole numbers are exact
  const std::string digits(trimmed(text));
  char* end = nullptr;
  const double number = std::strtod(digits.c_str(), &end);
  const bool whole = !digits.empty() && digits.size() <= kMostDigits &&
                     end == digits.c_str() + digits.size() && std::isfinite(number);
  if (!whole) return std::nullopt;
  if (number == std::floor(number) && std::abs(number) < kMostWhole) {
    return Json(static_cast<int64_t>(number));
  }
  return Json(number);
}

bool isJson(std::string_view contentType) {
  while (!contentType.empty()) {
    const size_t comma = contentType.find(',');
    const std::string_view one = contentType.substr(0, comma);
    const std::string_view type = trimmed(one.substr(0, one.find(';')));
    for (std::string_view json : {"application/json", "application/*", "*/*"}) {
      if (equalsIgnoreCase(type, json)) return true;
    }
    if (comma == std::string_view::npos) return false;
    contentType.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace tollgate::filters::response_transformer
