#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/templates/template.h"

namespace tollgate::templates {

enum class Op : uint8_t {
  kConstant,
  kIndex,   ///< left[right]
  kCall,    ///< left(arguments)
  kMethod,  ///< left:method(arguments)
  kNot,
  kNegate,
  kLength,
  kAnd,
  kOr,
  kEqual,
  kUnequal,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kConcat,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
};

/// One node of an expression's tree; operands are places in Expression::nodes.
struct Node {
  Op op = Op::kConstant;
  Value constant;
  std::string text;  ///< What the constant's text views.
  int left = -1, right = -1;
  Method method = Method::kByte;
  std::vector<int> arguments;
};

struct Expression {
  std::vector<Node> nodes;
  int root = -1;
  unsigned tables = 0;  ///< Those that are named; bits.
};

/// How deep an expression may be nested.
inline constexpr int kMostDepth = 100;

/// Compiles one expression; where that fails `problem` says why.
Expression parse(std::string_view text, Problem& problem);

}  // namespace tollgate::templates
