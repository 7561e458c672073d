#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/arena.h"
#include "source/base/result.h"
#include "source/templates/value.h"

namespace tollgate::templates {

struct Expression;

/// Where a rendering gets the content of its tables from.
class Variables {
 public:
  /// nil where there is no such member. `name` may be gone afterwards.
  virtual Value member(Table table, std::string_view name) = 0;

 protected:
  ~Variables() = default;
};

/// What keeps a template from being rendered.
struct Problem {
  enum class Kind : uint8_t {
    kNone,
    kSyntax,
    kNeedsLua,  ///< Well-formed for all that is known, but not to be computed without Lua.
  };
  Kind kind = Kind::kNone;
  std::string text;
};

/// A text with expressions. Immutable; any thread.
class Template {
 public:
  /// The longest text that a rendering makes, and that any part of it makes; what would be longer
  /// is an error.
  static constexpr size_t kMostBytes = 64 * 1024;

  /// Always gives a template: one with a problem fails when it is rendered.
  explicit Template(std::string_view text);
  ~Template();
  Template(Template&&) noexcept;

  const Problem& problem() const { return problem_; }
  /// Whether it asks for anything of that table.
  bool uses(Table table) const { return (tables_ & (1u << static_cast<unsigned>(table))) != 0; }
  const std::string& text() const { return text_; }
  /// The same for every request.
  bool constant() const { return parts_.empty(); }

  /// The text that results, in the arena or in the template; the error says what went wrong.
  Result<std::string_view> render(Variables& variables, Arena& arena) const;

 private:
  struct Part {
    std::string literal;                     ///< Before the expression.
    std::unique_ptr<Expression> expression;  ///< nullptr: the end.
  };
  std::string text_;
  std::vector<Part> parts_;  ///< Empty where there is no expression at all.
  Problem problem_;
  unsigned tables_ = 0;
};

/// A number as Lua writes it.
std::string_view textOf(double number, Arena& arena);

}  // namespace tollgate::templates
