#include "source/schema/form.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "source/base/percent.h"
#include "source/schema/json_text.h"
#include "source/schema/multipart.h"

namespace tollgate::schema {
namespace {

constexpr size_t kMaxDepth = 32;

bool isNumber(std::string_view text) {
  return !text.empty() && text.size() < 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// One step of a name: a member, the position of a list ("#3") or its end ("#").
struct Step {
  std::string name;
  bool list = false;
};

std::vector<Step> splitName(const std::string& name, bool maps) {
  std::vector<Step> steps;
  if (name.empty() || name.back() == '.' || name.front() == '.') return {{name}};
  std::string current;
  bool closes = true;  // a ']' stands ahead
  auto flush = [&] {
    if (!current.empty()) steps.push_back({std::move(current)});
    current.clear();
  };
  for (size_t i = 0; i < name.size(); ++i) {
    size_t end = name[i] == '[' && closes ? name.find(']', i) : std::string::npos;
    if (name[i] == '[') closes = end != std::string::npos;
    if (name[i] == '.') {
      flush();
    } else if (end != std::string::npos) {
      std::string inner = name.substr(i + 1, end - i - 1);
      bool list = inner.empty() || isNumber(inner);
      if (!list && !maps) return {{name}};
      flush();
      steps.push_back({std::move(inner), list});
      i = end;
    } else {
      current += name[i];
    }
  }
  flush();
  const bool usable = !steps.empty() && !steps.front().list && steps.size() <= kMaxDepth;
  return usable ? steps : std::vector<Step>{{name}};
}

/// Fields into a document. Positions of a list may come in any order: until all are there the
/// others are gaps, which stand as discarded values.
class Document {
 public:
  void add(const std::vector<Step>& steps, Json value) { put(out_, steps, 0, std::move(value)); }
  /// A list that still has gaps is none: an object, which no list type accepts.
  Json take() {
    closeGaps(out_);
    return std::move(out_);
  }

 private:
  void put(Json& target, const std::vector<Step>& steps, size_t i, Json value) {
    if (i == steps.size()) return putValue(target, std::move(value));
    const Step& step = steps[i];
    if (!step.list) {
      if (!target.is_object()) target = Json::object();
      return put(target[step.name], steps, i + 1, std::move(value));
    }
    if (!target.is_array()) target = isEmpty(target) ? Json::array() : Json::array({target});
    size_t position = target.size();
    if (!step.name.empty()) {
      position = static_cast<size_t>(std::max(1, std::stoi(step.name))) - 1;
      // "a=x&a[1]=y" are two values of one list.
      const bool taken = position < target.size() && !isEmpty(target[position]);
      if (taken && i + 1 == steps.size()) position = target.size();
    }
    if (position > target.size()) {
      if (position - target.size() > gapsLeft_) {
        target = {{step.name, std::move(value)}};
        return;
      }
      gapsLeft_ -= position - target.size();
      while (target.size() < position) target.push_back(Json(Json::value_t::discarded));
    }
    if (position == target.size()) target.push_back(nullptr);
    put(target[position], steps, i + 1, std::move(value));
  }

  static bool isEmpty(const Json& value) { return value.is_null() || value.is_discarded(); }

  static void putValue(Json& target, Json value) {
    if (isEmpty(target)) {
      target = std::move(value);
    } else if (target.is_array()) {
      target.push_back(std::move(value));
    } else {
      target = Json::array({target, std::move(value)});
    }
  }

  static void closeGaps(Json& value) {
    if (!value.is_structured()) return;
    for (Json& item : value) closeGaps(item);
    if (!value.is_array()) return;
    if (std::none_of(value.begin(), value.end(), [](const Json& v) { return v.is_discarded(); })) {
      return;
    }
    Json sparse = Json::object();
    for (size_t i = 0; i < value.size(); ++i) {
      if (!value[i].is_discarded()) sparse[std::to_string(i + 1)] = std::move(value[i]);
    }
    value = std::move(sparse);
  }

  Json out_ = Json::object();
  /// No more than fields can still fill.
  size_t gapsLeft_ = kMaxFormFields;
};

/// Whether one more field of that name is too much.
bool isOver(size_t& count, std::string_view name, FormLimit* over) {
  const FormLimit limit = ++count > kMaxFormFields          ? FormLimit::kFields
                          : name.size() > kMaxFormNameBytes ? FormLimit::kNameLength
                                                            : FormLimit::kNone;
  if (limit != FormLimit::kNone && over != nullptr) *over = limit;
  return limit != FormLimit::kNone;
}

Json parsePairs(std::string_view text, bool maps, FormLimit* over) {
  Document out;
  size_t count = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('&'), text.size());
    std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    if (isOver(count, pair.substr(0, equals), over)) break;
    const bool bare = equals == std::string_view::npos;  // A name alone: true.
    Json value = bare ? Json(true) : Json(decodedPercent(pair.substr(equals + 1), Plus::kSpace));
    out.add(splitName(decodedPercent(pair.substr(0, equals), Plus::kSpace), maps),
            std::move(value));
  }
  return out.take();
}

}  // namespace

Json parseForm(std::string_view body, FormLimit* over) { return parsePairs(body, true, over); }

Json parseQuery(std::string_view query) { return parsePairs(query, false, nullptr); }

Result<Json> parseMultipart(std::string_view body, std::string_view contentType, FormLimit* over) {
  auto form = MultipartForm::parse(body, contentType);
  if (!form) return form.error();
  Document out;
  size_t count = 0;
  for (const MultipartForm::Part& part : form->parts) {
    if (part.name.empty()) continue;
    if (isOver(count, part.name, over)) return Error::invalid("too many or too long field names");
    Json parsed = part.value;
    if (part.json) {
      parsed = parseJson(part.value);
      if (parsed.is_discarded()) return Error::invalid("invalid JSON in part '" + part.name + "'");
    }
    out.add(splitName(part.name, true), std::move(parsed));
  }
  return out.take();
}

}  // namespace tollgate::schema
