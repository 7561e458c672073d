#pragma once

#include "source/templates/parser.h"
#include "source/templates/pattern.h"

namespace tollgate::templates {

/// Computes expressions of one rendering.
class Evaluator {
 public:
  Evaluator(Variables& variables, Arena& arena) : variables_(variables), arena_(arena) {}

  /// nil where it went wrong; problem() then says how.
  Value compute(const Expression& expression);
  const std::string& problem() const { return problem_; }
  /// What a value leaves in the text; nil and false leave nothing.
  std::string_view print(const Value& value);

 private:
  Value fail(std::string problem);
  bool failed() const { return !problem_.empty(); }
  Value compute(const Expression& expression, int place);
  Value index(const Value& of, const Value& by);
  Value call(const Expression& expression, const Node& node);
  Value callMethod(Method method, const Value& object, std::span<const Value> arguments);
  Value arithmetic(Op op, const Value& left, const Value& right);
  Value compare(Op op, const Value& left, const Value& right);
  Value concat(const Value& left, const Value& right);
  bool number(const Value& value, double& out) const;
  bool text(const Value& value, std::string_view& out);
  /// An argument that may be left out.
  bool integer(std::span<const Value> arguments, size_t at, double otherwise, double& out);

  Value sub(std::string_view text, std::span<const Value> arguments);
  Value byte(std::string_view text, std::span<const Value> arguments);
  Value repeat(std::string_view text, std::span<const Value> arguments);
  Value find(std::string_view text, std::span<const Value> arguments, bool places);
  Value substitute(std::string_view text, std::span<const Value> arguments);
  bool expand(std::string_view by, const Pattern& match, std::string& out);
  Value valueOf(const Capture& capture, std::string_view text);

  Variables& variables_;
  Arena& arena_;
  std::string problem_;
  size_t steps_ = Pattern::kMostSteps;
};

}  // namespace tollgate::templates
