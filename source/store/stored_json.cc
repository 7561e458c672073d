#include "source/store/stored_json.h"

#include <simdjson.h>

#include "source/schema/json_text.h"

namespace tollgate::store {
namespace {

namespace dom = simdjson::dom;

/// Longer documents are rare, and not worth the memory that the parser would keep for the next.
constexpr size_t kMostBytes = 64 << 10;

Json converted(const dom::element& element);

Json convertedObject(const dom::object& object) {
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  for (const dom::key_value_pair& member : object) {
    // Stores keep members in order, so that the end is the place; of equal names the last counts.
    members.insert_or_assign(members.end(), std::string(member.key), converted(member.value));
  }
  return out;
}

Json convertedArray(const dom::array& array) {
  Json out = Json::array();
  auto& items = out.get_ref<Json::array_t&>();
  items.reserve(array.size());
  for (const dom::element& item : array) items.push_back(converted(item));
  return out;
}

Json convertedNumber(int64_t number) {
  // What has no sign is unsigned, as the other parser has it.
  return number < 0 ? Json(number) : Json(static_cast<uint64_t>(number));
}

/// `element` has the type that is asked for in each case, so that value_unsafe() has a value.
Json converted(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::OBJECT:
      return convertedObject(element.get_object().value_unsafe());
    case dom::element_type::ARRAY:
      return convertedArray(element.get_array().value_unsafe());
    case dom::element_type::STRING:
      return std::string(element.get_string().value_unsafe());
    case dom::element_type::INT64:
      return convertedNumber(element.get_int64().value_unsafe());
    case dom::element_type::UINT64:
      return element.get_uint64().value_unsafe();
    case dom::element_type::DOUBLE:
      return element.get_double().value_unsafe();
    case dom::element_type::BOOL:
      return element.get_bool().value_unsafe();
    case dom::element_type::NULL_VALUE:
      break;
  }
  return nullptr;
}

}  // namespace

Json parseStored(std::string_view text) {
  if (text.empty()) return Json(Json::value_t::discarded);
  thread_local dom::parser parser(kMostBytes);
  dom::element element;
  const auto outcome = parser.parse(text.data(), text.size()).get(element);
  if (outcome == simdjson::SUCCESS) return converted(element);
  // What is too long, or has numbers of more than 64 bits, may be JSON all the same.
  return schema::parseJson(text);
}

}  // namespace tollgate::store
