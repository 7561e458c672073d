#include "filters/http/request_transformer/body_steps.h"

#include <algorithm>

#include "filters/http/common/transformation.h"
#include "filters/http/request_transformer/arguments.h"
#include "source/base/ascii.h"
#include "source/base/json.h"
#include "source/schema/json_text.h"
#include "source/schema/multipart.h"

namespace tollgate::filters::request_transformer {
namespace {

std::optional<std::string> transformJson(const Steps& steps, const std::string& body,
                                         Rendering& render) {
  const bool empty = body.empty();
  if (empty && steps.add.empty() && steps.append.empty()) return std::nullopt;
  Json fields = empty ? Json::object() : schema::parseJson(body);
  if (!fields.is_object()) return std::nullopt;
  const Json before = fields;
  for (const std::string& name : steps.remove) fields.erase(name);
  for (const Steps::Rename& step : steps.rename) renameField(fields, step.from, step.to);
  for (const Steps::Change& step : steps.replace) {
    if (presentField(fields, step.name) == nullptr) continue;
    fields[step.name] = std::string(render(step.value));
  }
  for (const Steps::Change& step : steps.add) {
    if (presentField(fields, step.name) != nullptr) continue;
    fields[step.name] = std::string(render(step.value));
  }
  for (const Steps::Change& step : steps.append) {
    appendField(fields, step.name, std::string(render(step.value)));
  }
  if (render.failed() || (!empty && fields == before)) return std::nullopt;
  return fields.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> transformForm(const Steps& steps, const std::string& body,
                                         Rendering& render) {
  Arguments fields(body);
  if (!transform(steps, fields, render)) return std::nullopt;
  return fields.inOrder();
}

// ---- multipart/form-data -----------------------------------------------------------------------

/// The parts of a form that are left, as they came or made anew.
class Parts {
 public:
  Parts(const std::string& body, std::string_view contentType)
      : boundary_(schema::parameterOf(contentType, "boundary")) {
    auto form = schema::MultipartForm::parse(body, contentType);
    if (!form) return;
    for (schema::MultipartForm::Part& part : form->parts) {
      parts_.push_back({part.name, std::string(part.whole), std::string(part.value)});
    }
  }

  bool usable() const { return !boundary_.empty(); }
  bool changed() const { return changed_; }
  bool has(const std::string& name) const { return find(name) < parts_.size(); }
  void remove(const std::string& name) {
    const size_t count = std::erase_if(parts_, [&](const Part& part) { return part.name == name; });
    changed_ = changed_ || count > 0;
  }
  void rename(const std::string& from, const std::string& to) {
    const size_t place = find(from);
    if (place == parts_.size() || from == to) return;
    std::string value = std::move(parts_[place].value);
    remove(from);
    put(to, std::move(value));
  }
  /// In the place of the part of that name, or at the end.
  void put(const std::string& name, std::string value) {
    std::string whole = "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" +
                        quoted(name) + "\"\r\n\r\n" + value + "\r\n";
    const size_t place = find(name);
    if (place == parts_.size()) parts_.emplace_back();
    parts_[place] = {name, std::move(whole), std::move(value)};
    changed_ = true;
  }
  /// Whether a value would end its own part.
  bool breaksOut(std::string_view value) const {
    const std::string mark = "--" + boundary_;
    return value.starts_with(mark) || value.find("\r\n" + mark) != std::string_view::npos;
  }
  std::string text() const {
    std::string out;
    for (const Part& part : parts_) out += part.whole;
    return out + "--" + boundary_ + "--\r\n";
  }

 private:
  struct Part {
    std::string name, whole, value;
  };
  size_t find(const std::string& name) const {
    auto found = std::find_if(parts_.begin(), parts_.end(),
                              [&](const Part& part) { return part.name == name; });
    return static_cast<size_t>(found - parts_.begin());
  }
  /// As forms of web pages have it (WHATWG HTML, multipart/form-data encoding).
  static std::string quoted(const std::string& name) {
    std::string out;
    for (const char c : name) {
      if (c == '"') {
        out += "%22";
      } else if (c == '\r') {
        out += "%0D";
      } else if (c == '\n') {
        out += "%0A";
      } else {
        out += c;
      }
    }
    return out;
  }

  std::string boundary_;
  std::vector<Part> parts_;
  bool changed_ = false;
};

std::optional<std::string> transformMultipart(const Steps& steps, std::string_view contentType,
                                              const std::string& body, Rendering& render) {
  Parts parts(body, contentType);
  if (!parts.usable()) return std::nullopt;
  auto put = [&](const Steps::Change& step) {
    const std::string_view value = render(step.value);
    if (parts.breaksOut(value)) return render.fail(step.value, "the value has the form's boundary");
    parts.put(step.name, std::string(value));
  };
  for (const Steps::Rename& step : steps.rename) parts.rename(step.from, step.to);
  for (const std::string& name : steps.remove) parts.remove(name);
  for (const Steps::Change& step : steps.replace) {
    if (!parts.has(step.name)) continue;
    parts.remove(step.name);
    put(step);
  }
  for (const Steps::Change& step : steps.add) {
    if (!parts.has(step.name)) put(step);
  }
  if (render.failed() || !parts.changed()) return std::nullopt;
  return parts.text();
}

bool contains(std::string_view text, std::string_view part) {
  for (size_t i = 0; i + part.size() <= text.size(); ++i) {
    if (equalsIgnoreCase(text.substr(i, part.size()), part)) return true;
  }
  return false;
}

}  // namespace

BodyType bodyTypeOf(std::string_view contentType) {
  if (contains(contentType, "application/json")) return BodyType::kJson;
  if (contains(contentType, "multipart/form-data")) return BodyType::kMultipart;
  if (contains(contentType, "application/x-www-form-urlencoded")) return BodyType::kForm;
  return BodyType::kOther;
}

std::optional<std::string> transformBody(const Steps& steps, BodyType type,
                                         std::string_view contentType, const std::string& body,
                                         Rendering& render) {
  switch (type) {
    case BodyType::kJson:
      return transformJson(steps, body, render);
    case BodyType::kForm:
      return transformForm(steps, body, render);
    case BodyType::kMultipart:
      return transformMultipart(steps, contentType, body, render);
    case BodyType::kOther:
      break;
  }
  return std::nullopt;
}

}  // namespace tollgate::filters::request_transformer
