#include "source/schema/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/schema/rules.h"

namespace tollgate::schema {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

void setAt(Json& doc, std::string_view path, const std::string& error) {
  Json* value = &doc;
  while (!path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    if (!value->is_object() && !value->is_null()) return;
    value = &(*value)[std::string(path.substr(0, dot))];
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  *value = error;
}

std::string quoted(const Names& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "'" : ", '") + name + "'";
  return out;
}

bool anyWrong(const Names& names, const Json& errors) {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return !valueAt(errors, name).is_null(); });
}

size_t countSet(const Names& names, const Json& doc) {
  return std::count_if(names.begin(), names.end(),
                       [&](const auto& name) { return !valueAt(doc, name).is_null(); });
}

/// What is wrong with the dependent field of a conditional whose condition holds; "" for nothing.
std::string dependentError(const v1::EntityCheck::Conditional& c, const Json& value) {
  if (c.then_null()) return value.is_null() ? "" : "value must be null";
  if (c.then_one_of_size() > 0) {
    std::string all;
    for (const auto& text : c.then_one_of()) {
      if (value.is_null() || value == text) return "";
      all += (all.empty() ? "" : ", ") + text;
    }
    return "expected one of: " + all;
  }
  if (!c.then_contains().empty()) {
    const bool there =
        value.is_array() && std::find(value.begin(), value.end(), c.then_contains()) != value.end();
    return there ? "" : "expected to contain: " + c.then_contains();
  }
  if (value.is_null()) return "required field missing";
  return value.is_string() ? checkRule(c.then_type(), value.get_ref<const std::string&>()) : "";
}

void runConditional(const v1::EntityCheck::Conditional& c, const Json& doc, Json& errors) {
  if (!valueAt(errors, c.if_field()).is_null() || !valueAt(errors, c.then_field()).is_null()) {
    return;
  }
  const Json& value = valueAt(doc, c.if_field());
  bool match = c.not_one_of_size() > 0;
  if (c.has_if_gt()) match = value.is_number() && value.get<double>() > c.if_gt();
  for (const auto& text : c.one_of()) match = match || value == text;
  for (const auto& text : c.not_one_of()) match = match && value != text;
  if (!match) return;
  const std::string error = dependentError(c, valueAt(doc, c.then_field()));
  if (error.empty()) return;
  setAt(errors, c.then_field(), error);
  errors["@entity"].push_back(
      fmt::format("failed conditional validation given value of field '{}'", c.if_field()));
}

bool distinct(const Names& names, const Json& doc) {
  for (int i = 0; i < names.size(); ++i) {
    const Json& value = valueAt(doc, names[i]);
    for (int k = i + 1; k < names.size(); ++k) {
      if (!value.is_null() && value == valueAt(doc, names[k])) return false;
    }
  }
  return true;
}

/// The text for a check over a list of fields that fails; "" where it holds.
std::string listError(const v1::EntityCheck& check, WriteMode mode, const Json& doc,
                      const Json& errors) {
  if (check.distinct_size() > 0) {
    if (anyWrong(check.distinct(), errors) || distinct(check.distinct(), doc)) return "";
    return "values of these fields must be distinct: " + quoted(check.distinct());
  }
  if (const auto& names = check.all_or_none_of(); !names.empty()) {
    const size_t set = countSet(names, doc);
    if (anyWrong(names, errors) || set == 0 || set == static_cast<size_t>(names.size())) return "";
    return "all or none of these fields must be set: " + quoted(names);
  }
  if (const auto& names = check.at_most_one_of(); !names.empty()) {
    if (anyWrong(names, errors) || countSet(names, doc) <= 1) return "";
    return "only one or none of these fields must be set: " + quoted(names);
  }
  if (const auto& names = check.only_one_of(); !names.empty()) {
    const auto given = std::count_if(names.begin(), names.end(), [&](const auto& name) {
      return isNonEmpty(valueAt(doc, name));
    });
    if (anyWrong(names, errors) || given == 1) return "";
    return "exactly one of these fields must be non-empty: " + quoted(names);
  }
  if (check.at_least_one_of().empty()) return "";
  for (const auto& name : check.at_least_one_of()) {
    if (isNonEmpty(valueAt(doc, name))) return "";
  }
  const char* prefix = mode == WriteMode::kUpdate ? "when updating, " : "";
  return fmt::format("{}at least one of these fields must be non-empty: {}", prefix,
                     quoted(check.at_least_one_of()));
}

Json listOf(const Names& names) { return std::vector<std::string>(names.begin(), names.end()); }

Json describeConditional(const v1::EntityCheck::Conditional& c) {
  Json match = Json::object();
  if (c.one_of_size() == 1) match["eq"] = c.one_of(0);
  if (c.one_of_size() > 1) match["one_of"] = listOf(c.one_of());
  if (c.has_if_gt()) match["gt"] = Json::parse(fmt::format("{}", c.if_gt()), nullptr, false);
  if (c.not_one_of_size() > 0) match["not_one_of"] = listOf(c.not_one_of());
  Json then = {{"required", true}};
  if (!c.then_contains().empty()) then = {{"contains", c.then_contains()}};
  if (c.then_null()) then = {{"eq", nullptr}};
  if (c.then_one_of_size() > 0) then = {{"one_of", listOf(c.then_one_of())}};
  return {{"if_field", c.if_field()},
          {"if_match", std::move(match)},
          {"then_field", c.then_field()},
          {"then_match", std::move(then)}};
}

}  // namespace

bool nonEmpty(const Json& value) {
  return !value.is_null() && value != "" && !(value.is_structured() && value.empty());
}

const Json& valueAt(const Json& doc, std::string_view path) {
  static const Json kNull;
  const Json* value = &doc;
  while (!path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    if (!value->is_object()) return kNull;
    auto next = value->find(path.substr(0, dot));
    if (next == value->end()) return kNull;
    value = &*next;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return *value;
}

bool isNonEmpty(const Json& value) {
  return !value.is_null() && value != "" && !(value.is_structured() && value.empty());
}

void runChecks(const v1::EntityRules& rules, WriteMode mode, const Json& doc, Json& errors) {
  for (const auto& check : rules.checks()) {
    if (check.has_conditional()) {
      runConditional(check.conditional(), doc, errors);
      continue;
    }
    std::string error = listError(check, mode, doc, errors);
    if (!error.empty()) errors["@entity"].push_back(std::move(error));
  }
}

Json describeChecks(const v1::EntityRules& rules) {
  Json out = Json::array();
  for (const auto& check : rules.checks()) {
    if (check.has_conditional()) {
      out.push_back({{"conditional", describeConditional(check.conditional())}});
    } else if (!check.described_json().empty()) {
      out.push_back(Json::parse(check.described_json(), nullptr, false));
    } else if (check.distinct_size() > 0) {
      out.push_back({{"distinct", listOf(check.distinct())}});
    } else if (check.all_or_none_of_size() > 0) {
      out.push_back({{"mutually_required", listOf(check.all_or_none_of())}});
    } else if (check.only_one_of_size() > 0) {
      out.push_back({{"only_one_of", listOf(check.only_one_of())}});
    } else if (check.at_most_one_of_size() > 0) {
      out.push_back({{"mutually_exclusive", listOf(check.at_most_one_of())}});
    } else {
      out.push_back({{"at_least_one_of", listOf(check.at_least_one_of())}});
    }
  }
  return out;
}

}  // namespace tollgate::schema
