
#include <algorithm>

#include "source/base/json.h"

namespace tollgate {
namespace {

using Type = Json::value_t;

bool isPair(const Json& part) {
  return part.is_array() && part.size() == 2 && part.front().is_string();
}

size_t combined(size_t seed, size_t hash) {
  return seed ^ (hash + 0x9e3779b9 + (seed << 6) + (seed >> 2));
}

}  // namespace

Json::Json(value_t type) : type_(type) {
  switch (type) {
    case value_t::object:
      value_.members = new object_t();
      break;
    case value_t::array:
      value_.items = new array_t();
      break;
    case value_t::string:
    case value_t::binary:
      value_.text = new std::string();
      break;
    default:
      break;
  }
}

Json::Json(array_t list) : type_(value_t::array) { value_.items = new array_t(std::move(list)); }

Json::Json(object_t members) : type_(value_t::object) {
  value_.members = new object_t(std::move(members));
}

Json::Json(std::initializer_list<JsonPart> parts) {
  const bool pairs =
      std::all_of(parts.begin(), parts.end(), [](const JsonPart& part) { return isPair(*part); });
  *this = pairs ? object(parts) : array(parts);
}

Json::Json(const Json& other) : type_(other.type_), value_(other.value_) {
  switch (type_) {
    case value_t::object:
      value_.members = new object_t(*other.value_.members);
      break;
    case value_t::array:
      value_.items = new array_t(*other.value_.items);
      break;
    case value_t::string:
    case value_t::binary:
      value_.text = new std::string(*other.value_.text);
      break;
    default:
      break;
  }
}

void Json::moveContainersTo(array_t& out) noexcept {
  if (is_array()) {
    for (Json& item : *value_.items) {
      if (item.is_structured()) out.push_back(std::move(item));
    }
  } else if (is_object()) {
    for (auto& [name, member] : *value_.members) {
      if (member.is_structured()) out.push_back(std::move(member));
    }
  }
}

void Json::destroy() noexcept {
  if (is_structured()) {
    // Not by recursion: the depth is an outsider's choice.
    array_t inner;
    moveContainersTo(inner);
    while (!inner.empty()) {
      Json last = std::move(inner.back());
      inner.pop_back();
      last.moveContainersTo(inner);
    }
  }
  if (is_object()) {
    delete value_.members;
  } else if (is_array()) {
    delete value_.items;
  } else {
    delete value_.text;
  }
}

Json Json::array() { return Json(value_t::array); }

Json Json::array(std::initializer_list<JsonPart> items) {
  Json out(value_t::array);
  out.value_.items->reserve(items.size());
  for (const JsonPart& item : items) out.value_.items->push_back(item.take());
  return out;
}

Json Json::object() { return Json(value_t::object); }

Json Json::object(std::initializer_list<JsonPart> members) {
  Json out(value_t::object);
  for (const JsonPart& part : members) {
    if (!isPair(*part)) throw JsonError("an object is made of pairs");
    Json pair = part.take();
    array_t& both = *pair.value_.items;
    out.value_.members->emplace(std::move(*both[0].value_.text), std::move(both[1]));
  }
  return out;
}

Json Json::binary(std::string bytes) {
  Json out;
  out.setText(std::move(bytes));
  out.type_ = value_t::binary;
  return out;
}

const char* Json::type_name() const noexcept {
  switch (type_) {
    case value_t::null:
      return "null";
    case value_t::object:
      return "object";
    case value_t::array:
      return "array";
    case value_t::string:
      return "string";
    case value_t::boolean:
      return "boolean";
    case value_t::binary:
      return "binary";
    case value_t::discarded:
      return "discarded";
    default:
      return "number";
  }
}

void Json::wrongType(const char* wanted) const {
  throw JsonError(std::string("type must be ") + wanted + ", but is " + type_name());
}

void Json::setText(std::string text) {
  value_.text = new std::string(std::move(text));
  type_ = value_t::string;
}

std::string& Json::text() {
  if (!is_string()) wrongType("string");
  return *value_.text;
}

Json::array_t& Json::items_() {
  if (!is_array()) wrongType("array");
  return *value_.items;
}

Json::object_t& Json::members_() {
  if (!is_object()) wrongType("object");
  return *value_.members;
}

const std::string& Json::get_binary() const {
  if (!is_binary()) wrongType("binary");
  return *value_.text;
}

bool Json::asBool() const {
  if (!is_boolean()) wrongType("boolean");
  return value_.boolean;
}

double Json::asDouble() const {
  if (is_number_float()) return value_.real;
  if (type_ == value_t::number_integer) return static_cast<double>(value_.integer);
  if (!is_number_unsigned()) wrongType("number");
  return static_cast<double>(value_.uinteger);
}

int64_t Json::asInteger() const {
  if (is_number_float()) return static_cast<int64_t>(value_.real);
  if (!is_number()) wrongType("number");
  return value_.integer;
}

uint64_t Json::asUnsigned() const {
  if (is_number_float()) return static_cast<uint64_t>(value_.real);
  if (!is_number()) wrongType("number");
  return value_.uinteger;
}

const Json* Json::lookUp(std::string_view name) const {
  if (!is_object()) wrongType("object");
  const auto found = value_.members->find(name);
  return found == value_.members->end() ? nullptr : &found->second;
}

Json& Json::operator[](std::string_view name) {
  if (is_null()) *this = object();
  object_t& members = members_();
  const auto at = members.lower_bound(name);
  if (at != members.end() && at->first == name) return at->second;
  return members.emplace_hint(at, std::string(name), Json())->second;
}

Json& Json::element(size_t index) {
  if (is_null()) *this = array();
  array_t& items = items_();
  if (index >= items.size()) items.resize(index + 1);
  return items[index];
}

const Json& Json::at(std::string_view name) const {
  const Json* found = lookUp(name);
  if (found == nullptr) throw JsonError("no member '" + std::string(name) + "'");
  return *found;
}

Json& Json::at(std::string_view name) {
  return const_cast<Json&>(static_cast<const Json*>(this)->at(name));
}

const Json& Json::at(size_t index) const {
  const array_t& items = items_();
  if (index >= items.size()) throw JsonError("no item " + std::to_string(index));
  return items[index];
}

Json& Json::at(size_t index) {
  return const_cast<Json&>(static_cast<const Json*>(this)->at(index));
}

const Json& Json::front() const { return *begin(); }
Json& Json::front() { return *begin(); }
const Json& Json::back() const { return *--end(); }
Json& Json::back() { return *--end(); }

std::string Json::value(std::string_view name, std::string_view otherwise) const {
  const Json* member = lookUp(name);
  return member == nullptr ? std::string(otherwise) : member->text();
}

bool Json::contains(std::string_view name) const {
  return is_object() && value_.members->find(name) != value_.members->end();
}

Json::const_iterator Json::begin() const {
  if (is_object()) return {this, value_.members->begin(), 0};
  return {this, {}, 0};
}

Json::const_iterator Json::end() const {
  if (is_object()) return {this, value_.members->end(), 0};
  return {this, {}, size()};
}

Json::iterator Json::begin() {
  const const_iterator at = std::as_const(*this).begin();
  return {at.of_, at.member_, at.index_};
}

Json::iterator Json::end() {
  const const_iterator at = std::as_const(*this).end();
  return {at.of_, at.member_, at.index_};
}

Json::const_iterator Json::cbegin() const { return begin(); }
Json::const_iterator Json::cend() const { return end(); }

Json::const_iterator Json::find(std::string_view name) const {
  if (!is_object()) return end();
  return {this, value_.members->find(name), 0};
}

Json::iterator Json::find(std::string_view name) {
  const const_iterator at = std::as_const(*this).find(name);
  return {at.of_, at.member_, at.index_};
}

size_t Json::size() const noexcept {
  if (is_object()) return value_.members->size();
  if (is_array()) return value_.items->size();
  return is_null() ? 0 : 1;
}

void Json::clear() noexcept {
  if (is_object()) {
    value_.members->clear();
  } else if (is_array()) {
    value_.items->clear();
  } else if (is_string() || is_binary()) {
    value_.text->clear();
  } else {
    value_ = {};
  }
}

Json& Json::append(Json item) {
  if (is_null()) *this = array();
  return items_().emplace_back(std::move(item));
}

void Json::push_back(std::initializer_list<JsonPart> parts) {
  if (is_object() && parts.size() == 2 && (**parts.begin()).is_string()) {
    addMember((**parts.begin()).text(), (parts.begin() + 1)->take());
  } else {
    append(Json(parts));
  }
}

bool Json::addMember(std::string_view name, Json value) {
  if (is_null()) *this = object();
  return members_().try_emplace(std::string(name), std::move(value)).second;
}

Json::iterator Json::insert(const_iterator before, Json item) {
  array_t& items = items_();
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(before.index_), std::move(item));
  return {this, {}, before.index_};
}

void Json::update(const Json& other) {
  if (is_null()) *this = object();
  object_t& members = members_();
  for (const auto& [name, value] : const_cast<Json&>(other).members_()) members[name] = value;
}

size_t Json::erase(std::string_view name) {
  object_t& members = members_();
  const auto at = members.find(name);
  if (at == members.end()) return 0;
  members.erase(at);
  return 1;
}

Json::iterator Json::erase(iterator at) {
  if (is_object()) return {this, value_.members->erase(at.member_), 0};
  array_t& items = items_();
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(at.index_));
  return at;
}

void Json::erase(size_t index) {
  if (index >= items_().size()) throw JsonError("no item " + std::to_string(index));
  value_.items->erase(value_.items->begin() + static_cast<std::ptrdiff_t>(index));
}

bool Json::equals(const Json& other) const noexcept {
  if (is_number() && other.is_number()) {
    if (is_number_float() || other.is_number_float()) return asDouble() == other.asDouble();
    return value_.integer == other.value_.integer;
  }
  if (type_ != other.type_) return false;
  switch (type_) {
    case Type::null:
      return true;
    case Type::boolean:
      return value_.boolean == other.value_.boolean;
    case Type::string:
    case Type::binary:
      return *value_.text == *other.value_.text;
    case Type::array:
      return *value_.items == *other.value_.items;
    case Type::object:
      return *value_.members == *other.value_.members;
    default:
      return false;  // What is discarded equals nothing.
  }
}

size_t Json::hash() const noexcept {
  size_t out = static_cast<size_t>(type_);
  switch (type_) {
    case Type::boolean:
      return combined(out, value_.boolean ? 1 : 0);
    case Type::number_integer:
    case Type::number_unsigned:
      return combined(out, std::hash<uint64_t>{}(value_.uinteger));
    case Type::number_float:
      return combined(out, std::hash<double>{}(value_.real));
    case Type::string:
    case Type::binary:
      return combined(out, std::hash<std::string>{}(*value_.text));
    case Type::array:
      for (const Json& item : *value_.items) out = combined(out, item.hash());
      return combined(out, value_.items->size());
    case Type::object:
      for (const auto& [name, member] : *value_.members) {
        out = combined(combined(out, std::hash<std::string>{}(name)), member.hash());
      }
      return combined(out, value_.members->size());
    default:
      return out;
  }
}

}  // namespace tollgate
