// Bodies of Admin writes: violations, or a document that its own schema accepts, that its derived
// parts can be read from, and that an empty change leaves as it is. The first line names the kind,
// the rest is the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/http_filters.h"
#include "source/schema/entity_schema.h"

namespace {

using tollgate::Json;
using namespace tollgate::schema;

constexpr double kNow = 1700000000;
constexpr size_t kLongest = 4096;

/// As the Admin API has it: no body is an array, a number or a text.
Json bodyOf(std::string_view text) {
  Json body = Json::parse(text, nullptr, false);
  return body.is_object() ? body : Json();
}

Json withoutTimes(Json doc) {
  doc.erase("updated_at");
  return doc;
}

void check(const EntitySchema& schema, const Json& doc) {
  if (std::string wrong = schema.misfit(doc); !wrong.empty()) std::abort();
  for (const UniqueKey& key : schema.uniqueKeys(doc)) {
    if (key.field.empty() || !key.fields.is_object()) std::abort();
  }
  (void)schema.foreignKeys(doc);
  (void)schema.expired(doc, kNow);
  const auto replace = Json::error_handler_t::replace;
  (void)schema.print(doc, kNow).dump(-1, ' ', false, replace);
  (void)schema.masked(doc).dump(-1, ' ', false, replace);
  Violations none;
  const Json same = schema.write(WriteMode::kUpdate, Json::object(), doc, kNow, none);
  if (!none.empty() || withoutTimes(same) != withoutTimes(doc)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool ready = [] {
    tollgate::filters::registerHttpFilterConfigs();
    return true;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (!ready || line == text.npos || size > kLongest) return 0;
  const EntitySchema* schema = EntitySchema::find(text.substr(0, line));
  const Json body = bodyOf(text.substr(line + 1));
  if (schema == nullptr || body.is_null()) return 0;
  Violations violations;
  Json doc = schema->write(WriteMode::kInsert, body, Json(), kNow, violations);
  if (!violations.empty()) {
    if (violations.message().empty() || !violations.fields.is_object()) std::abort();
    return 0;
  }
  check(*schema, doc);
  Violations again;
  Json changed = schema->write(WriteMode::kUpdate, body, doc, kNow + 1, again);
  if (again.empty()) check(*schema, changed);
  return 0;
}
