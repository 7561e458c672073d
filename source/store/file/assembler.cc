#include "source/store/file/assembler.h"

namespace tollgate::store {
namespace {

std::string looseText(const Json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

/// Replaces the marks below `value` by their texts and enters where they stood.
void settle(Json& value, uint64_t path, Places& places) {
  if (value.is_binary()) {
    value = looseText(value);
    places.addLoose(path);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) settle(value[i], Places::step(path, i), places);
  } else if (value.is_object()) {
    for (auto& [name, part] : value.items()) settle(part, Places::step(path, name), places);
  }
}

}  // namespace

/// Until its element is complete a loose scalar is binary, which no text holds otherwise, so that
/// aliases and merges take the mark along.
Json looseMark(const std::string& text) { return Json::binary(text); }

size_t countValues(const Json& value) {
  if (!value.is_structured()) return 1;
  size_t out = 1;
  for (const Json& part : value) out += countValues(part);
  return out;
}

void Assembler::close() {
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  settleDefaults(frame);
  finish(std::move(frame.value), frame.place);
}

void Assembler::key(std::string name, Place place) {
  Frame& frame = stack_.back();
  frame.repeated = frame.seen(name);
  frame.key = std::move(name);
  frame.keyPlace = place;
}

void Assembler::value(Json value, Place place) {
  count(place);
  places_.add(pathOfNext(), place);
  finish(std::move(value), place);
}

void Assembler::looseValue(const std::string& text, Place place) {
  anyLoose_ = true;
  value(looseMark(text), place);
}

void Assembler::copy(const Json& value, Place place) {
  anyLoose_ = true;
  this->value(value, place);
}

void Assembler::merge(const Json& value, Place place) {
  if (stack_.size() == 1) throw Broken{"<< merges into records of a list only", place};
  if (value.is_array()) {
    for (const Json& one : value) {
      if (!one.is_object()) throw Broken{"<< merges records only", place};
      merge(one, place);
    }
    return;
  }
  if (!value.is_object()) throw Broken{"<< merges records only", place};
  anyLoose_ = true;
  for (const auto& [name, member] : value.items()) stack_.back().defaults.emplace(name, member);
}

void Assembler::count(Place place) {
  if (++values_ > kMaxItemValues) throw Broken{"too many values in one element", place};
}

uint64_t Assembler::pathOfNext() const {
  if (stack_.empty()) return Places::kRoot;
  const Frame& frame = stack_.back();
  if (stack_.size() == 1 || frame.listing) return Places::kRoot;  // where an element begins
  return frame.value.is_array() ? Places::step(frame.path, frame.index)
                                : Places::step(frame.path, frame.key);
}

void Assembler::open(Json value, Place place) {
  if (stack_.size() >= kMaxDocumentDepth) throw Broken{"nested too deeply", place};
  count(place);
  Frame frame;
  frame.path = pathOfNext();
  places_.add(frame.path, place);
  frame.place = place;
  frame.listing = stack_.size() == 1 && stack_.back().value.is_object() && value.is_array();
  if (frame.listing && stack_.back().repeated) {
    // The elements of the first one are gone already, and nothing is compared with them.
    throw Broken{"key '" + stack_.back().key + "' stands twice", stack_.back().keyPlace};
  }
  frame.value = std::move(value);
  stack_.push_back(std::move(frame));
}

void Assembler::finish(Json value, Place place) {
  if (stack_.empty()) {
    if (!value.is_object()) sink_.notARecord(value.is_binary() ? Json(looseText(value)) : value);
    return;
  }
  Frame& parent = stack_.back();
  if (parent.listing) {
    const std::string& list = stack_[stack_.size() - 2].key;
    settleLoose(value);
    sink_.item(list, parent.index++, std::move(value), places_);
    startElement();
  } else if (parent.value.is_array()) {
    parent.value.push_back(std::move(value));
    ++parent.index;
  } else {
    finishMember(parent, std::move(value), place);
  }
}

void Assembler::finishMember(Frame& parent, Json value, Place place) {
  const bool top = stack_.size() == 1;
  if (parent.repeated) {
    const Json& first = top ? parent.given[parent.key] : parent.value[parent.key];
    if (first != value) {
      throw Broken{"key '" + parent.key + "' stands twice, with different values", parent.keyPlace};
    }
    sink_.warning("key '" + parent.key + "' stands twice, with the same value", parent.keyPlace);
    if (top) startElement();
    return;
  }
  if (!top) {
    parent.value[parent.key] = std::move(value);
    return;
  }
  parent.given[parent.key] = value;
  settleLoose(value);
  // The elements of a list are gone already; what tells that it was there is an empty list.
  sink_.member(parent.key, std::move(value), place);
  startElement();
}

void Assembler::settleDefaults(Frame& frame) {
  for (auto& [name, member] : frame.defaults) {
    if (!frame.seen(name)) frame.value[name] = std::move(member);
  }
}

void Assembler::settleLoose(Json& value) {
  if (anyLoose_) settle(value, Places::kRoot, places_);
}

void Assembler::startElement() {
  places_.clear();
  values_ = 0;
  anyLoose_ = false;
}

}  // namespace tollgate::store
