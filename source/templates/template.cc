#include "source/templates/template.h"

#include "source/templates/evaluator.h"
#include "source/templates/parser.h"

namespace tollgate::templates {
namespace {

/// The place behind the ")" that belongs to the "(" at `open`; npos if there is none. Quotes do not
/// count, as in the templates that these come from.
size_t closeOf(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

}  // namespace

Template::Template(std::string_view text) : text_(text) {
  if (text.size() > kMostBytes) {
    problem_ = {Problem::Kind::kSyntax, "the template is too long"};
    return;
  }
  std::string literal;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end =
        text.substr(at).starts_with("$(") ? closeOf(text, at + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      literal += text[at++];
      continue;
    }
    auto expression =
        std::make_unique<Expression>(parse(text.substr(at + 2, end - at - 3), problem_));
    tables_ |= expression->tables;
    parts_.push_back({std::move(literal), std::move(expression)});
    literal.clear();
    at = end;
  }
  if (!parts_.empty()) parts_.push_back({std::move(literal), nullptr});
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;

Result<std::string_view> Template::render(Variables& variables, Arena& arena) const {
  if (problem_.kind != Problem::Kind::kNone) return Error::invalid(problem_.text);
  if (parts_.empty()) return std::string_view(text_);
  Evaluator evaluator(variables, arena);
  std::string_view out;
  for (const Part& part : parts_) {
    std::string_view value;
    if (part.expression != nullptr) {
      const Value computed = evaluator.compute(*part.expression);
      if (!evaluator.problem().empty()) return Error::invalid(evaluator.problem());
      value = evaluator.print(computed);
    }
    if (out.size() + part.literal.size() + value.size() > kMostBytes) {
      return Error::invalid("the text becomes too long");
    }
    if (out.empty() && part.literal.empty()) {
      out = value;
    } else if (!part.literal.empty() || !value.empty()) {
      out = arena.concat(out, part.literal, value);
    }
  }
  return out;
}

}  // namespace tollgate::templates
