#include "source/templates/evaluator.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "source/base/ascii.h"
#include "source/base/trim.h"

namespace tollgate::templates {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kTooLong = "the text becomes too long";

std::string_view typeName(const Value& value) {
  switch (value.kind) {
    case Kind::kNil:
      return "nil";
    case Kind::kBoolean:
      return "boolean";
    case Kind::kNumber:
      return "number";
    case Kind::kText:
      return "string";
    case Kind::kList:
    case Kind::kTable:
      return "table";
    case Kind::kType:
    case Kind::kMethod:
      return "function";
  }
  return "nil";
}

bool equal(const Value& left, const Value& right) {
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Kind::kNil:
    case Kind::kType:
      return true;
    case Kind::kBoolean:
      return left.boolean == right.boolean;
    case Kind::kNumber:
      return left.number == right.number;
    case Kind::kText:
      return left.text == right.text;
    case Kind::kList:
      return left.list.data() == right.list.data();
    case Kind::kTable:
      return left.table == right.table;
    case Kind::kMethod:
      return left.method == right.method;
  }
  return false;
}

/// The methods of a text as values: x.upper is a function, whoever calls it.
Value methodNamed(std::string_view name) {
  static constexpr std::string_view kNames[] = {"byte",  "find", "gsub",    "len", "lower",
                                                "match", "rep",  "reverse", "sub", "upper"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name != kNames[i]) continue;
    Value out;
    out.kind = Kind::kMethod;
    out.method = static_cast<Method>(i);
    return out;
  }
  return {};
}

}  // namespace

std::string_view textOf(double number, Arena& arena) {
  char text[32];
  int size = std::snprintf(text, sizeof text, "%.14g", number);
  if (std::isnan(number)) size = std::snprintf(text, sizeof text, "nan");
  return arena.copy({text, static_cast<size_t>(size)});
}

Value Evaluator::fail(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
  return {};
}

Value Evaluator::compute(const Expression& expression) {
  return compute(expression, expression.root);
}

std::string_view Evaluator::print(const Value& value) {
  switch (value.kind) {
    case Kind::kNil:
      return {};
    case Kind::kBoolean:
      return value.boolean ? "true" : "";
    case Kind::kNumber:
      return textOf(value.number, arena_);
    case Kind::kText:
      return value.text;
    case Kind::kList: {
      // Lua prints an address, which nobody can have wanted.
      std::string_view out;
      for (std::string_view item : value.list)
        out = out.empty() ? item : arena_.concat(out, ", ", item);
      return out;
    }
    case Kind::kTable:
      return "table";
    case Kind::kType:
    case Kind::kMethod:
      return "function";
  }
  return {};
}

Value Evaluator::compute(const Expression& expression, int place) {
  if (failed()) return {};
  const Node& node = expression.nodes[static_cast<size_t>(place)];
  auto left = [&] { return compute(expression, node.left); };
  auto right = [&] { return compute(expression, node.right); };
  switch (node.op) {
    case Op::kConstant:
      return node.constant;
    case Op::kIndex: {
      const Value of = left(), by = right();
      return index(of, by);
    }
    case Op::kCall:
    case Op::kMethod:
      return call(expression, node);
    case Op::kNot:
      return Value::of(!left().truthy());
    case Op::kAnd: {
      const Value first = left();
      return first.truthy() ? right() : first;
    }
    case Op::kOr: {
      const Value first = left();
      return first.truthy() ? first : right();
    }
    case Op::kEqual:
    case Op::kUnequal: {
      const Value a = left(), b = right();
      return Value::of(equal(a, b) == (node.op == Op::kEqual));
    }
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual: {
      const Value a = left(), b = right();
      return compare(node.op, a, b);
    }
    case Op::kConcat: {
      const Value a = left(), b = right();
      return concat(a, b);
    }
    case Op::kNegate:
      return arithmetic(Op::kSubtract, Value::of(-0.0), left());
    case Op::kLength: {
      const Value of = left();
      if (of.kind == Kind::kText) return Value::of(static_cast<double>(of.text.size()));
      if (of.kind == Kind::kList) return Value::of(static_cast<double>(of.list.size()));
      if (of.kind == Kind::kTable) return Value::of(0.0);  // members have names, not places
      return fail("attempt to get length of a " + std::string(typeName(of)) + " value");
    }
    default: {
      const Value a = left(), b = right();
      return arithmetic(node.op, a, b);
    }
  }
}

Value Evaluator::index(const Value& of, const Value& by) {
  if (failed()) return {};
  double place = 0;
  switch (of.kind) {
    case Kind::kTable: {
      if (by.kind == Kind::kText) return variables_.member(of.table, by.text);
      if (by.kind == Kind::kNumber) return variables_.member(of.table, textOf(by.number, arena_));
      return {};
    }
    case Kind::kList:
      if (by.kind != Kind::kNumber) return {};
      place = by.number;
      if (place != std::floor(place) || place < 1 || place > static_cast<double>(of.list.size())) {
        return {};
      }
      return Value::of(of.list[static_cast<size_t>(place) - 1]);
    case Kind::kText:
      return by.kind == Kind::kText ? methodNamed(by.text) : Value{};
    default:
      return fail("attempt to index a " + std::string(typeName(of)) + " value");
  }
}

Value Evaluator::call(const Expression& expression, const Node& node) {
  constexpr size_t kMostArguments = 8;
  const Value object = compute(expression, node.left);
  if (node.arguments.size() > kMostArguments) return fail("too many arguments");
  Value arguments[kMostArguments];
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    arguments[i] = compute(expression, node.arguments[i]);
  }
  if (failed()) return {};
  const std::span<const Value> given(arguments, node.arguments.size());
  if (node.op == Op::kMethod) {
    if (object.kind != Kind::kText && object.kind != Kind::kList && object.kind != Kind::kTable) {
      return fail("attempt to index a " + std::string(typeName(object)) + " value");
    }
    if (object.kind != Kind::kText) return fail("attempt to call a method of a table");
    return callMethod(node.method, object, given);
  }
  if (object.kind == Kind::kType) {
    if (given.empty()) return fail("bad argument #1 to 'type' (value expected)");
    return Value::of(typeName(given[0]));
  }
  if (object.kind == Kind::kMethod && !given.empty()) {
    return callMethod(object.method, given[0], given.subspan(1));
  }
  return fail("attempt to call a " + std::string(typeName(object)) + " value");
}

bool Evaluator::number(const Value& value, double& out) const {
  if (value.kind == Kind::kNumber) {
    out = value.number;
    return true;
  }
  if (value.kind != Kind::kText) return false;
  const std::string text(trimmed(value.text, kWhiteSpace));
  if (text.empty() || text.size() > 64) return false;
  char* end = nullptr;
  out = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

bool Evaluator::text(const Value& value, std::string_view& out) {
  if (value.kind == Kind::kText) {
    out = value.text;
    return true;
  }
  if (value.kind != Kind::kNumber) return false;
  out = textOf(value.number, arena_);
  return true;
}

Value Evaluator::arithmetic(Op op, const Value& left, const Value& right) {
  if (failed()) return {};
  double a = 0, b = 0;
  if (!number(left, a) || !number(right, b)) {
    return fail("attempt to perform arithmetic on a " +
                std::string(typeName(number(left, a) ? right : left)) + " value");
  }
  switch (op) {
    case Op::kAdd:
      return Value::of(a + b);
    case Op::kSubtract:
      return Value::of(a - b);
    case Op::kMultiply:
      return Value::of(a * b);
    case Op::kDivide:
      return Value::of(a / b);
    case Op::kModulo:
      return Value::of(a - std::floor(a / b) * b);
    default:
      return Value::of(std::pow(a, b));
  }
}

Value Evaluator::compare(Op op, const Value& left, const Value& right) {
  if (failed()) return {};
  int order = 0;
  if (left.kind == Kind::kNumber && right.kind == Kind::kNumber) {
    if (std::isnan(left.number) || std::isnan(right.number)) return Value::of(false);
    order = left.number < right.number ? -1 : left.number > right.number;
  } else if (left.kind == Kind::kText && right.kind == Kind::kText) {
    order = left.text.compare(right.text);
  } else {
    return fail("attempt to compare " + std::string(typeName(left)) + " with " +
                std::string(typeName(right)));
  }
  switch (op) {
    case Op::kLess:
      return Value::of(order < 0);
    case Op::kLessEqual:
      return Value::of(order <= 0);
    case Op::kGreater:
      return Value::of(order > 0);
    default:
      return Value::of(order >= 0);
  }
}

Value Evaluator::concat(const Value& left, const Value& right) {
  if (failed()) return {};
  std::string_view a, b;
  if (!text(left, a) || !text(right, b)) {
    return fail("attempt to concatenate a " + std::string(typeName(text(left, a) ? right : left)) +
                " value");
  }
  if (a.size() + b.size() > Template::kMostBytes) return fail(std::string(kTooLong));
  return Value::of(arena_.concat(a, b));
}

// ---- Methods of texts --------------------------------------------------------------------------

Value Evaluator::callMethod(Method method, const Value& object, std::span<const Value> arguments) {
  std::string_view of;
  if (!text(object, of)) return fail("bad argument #1 (string expected)");
  auto mapped = [&](auto byteOf) {
    char* out = arena_.chars(of.size());
    for (size_t i = 0; i < of.size(); ++i) out[i] = byteOf(i);
    return Value::of(std::string_view(out, of.size()));
  };
  switch (method) {
    case Method::kLen:
      return Value::of(static_cast<double>(of.size()));
    case Method::kLower:
      return mapped([&](size_t i) { return lowerByte(of[i]); });
    case Method::kUpper:
      return mapped([&](size_t i) {
        return of[i] >= 'a' && of[i] <= 'z' ? static_cast<char>(of[i] - 0x20) : of[i];
      });
    case Method::kReverse:
      return mapped([&](size_t i) { return of[of.size() - 1 - i]; });
    case Method::kSub:
      return sub(of, arguments);
    case Method::kByte:
      return byte(of, arguments);
    case Method::kRep:
      return repeat(of, arguments);
    case Method::kFind:
      return find(of, arguments, true);
    case Method::kMatch:
      return find(of, arguments, false);
    case Method::kGsub:
      return substitute(of, arguments);
  }
  return {};
}

bool Evaluator::integer(std::span<const Value> arguments, size_t at, double otherwise,
                        double& out) {
  out = otherwise;
  if (at >= arguments.size() || arguments[at].kind == Kind::kNil) return true;
  if (number(arguments[at], out) && !std::isnan(out)) {
    out = std::trunc(std::clamp(out, -1e9, 1e9));
    return true;
  }
  fail("bad argument (number expected)");
  return false;
}

Value Evaluator::sub(std::string_view text, std::span<const Value> arguments) {
  if (arguments.empty()) return fail("bad argument #1 to 'sub' (number expected)");
  const auto size = static_cast<double>(text.size());
  double from = 0, to = 0;
  if (!integer(arguments, 0, 1, from) || !integer(arguments, 1, -1, to)) return {};
  if (from < 0) from = std::max(size + from + 1, 1.0);
  from = std::max(from, 1.0);
  if (to < 0) to = size + to + 1;
  to = std::min(to, size);
  if (from > to) return Value::of(std::string_view());
  return Value::of(text.substr(static_cast<size_t>(from) - 1, static_cast<size_t>(to - from) + 1));
}

Value Evaluator::byte(std::string_view text, std::span<const Value> arguments) {
  double at = 0;
  if (!integer(arguments, 0, 1, at)) return {};
  if (at < 0) at += static_cast<double>(text.size()) + 1;
  if (at < 1 || at > static_cast<double>(text.size())) return {};
  return Value::of(
      static_cast<double>(static_cast<unsigned char>(text[static_cast<size_t>(at) - 1])));
}

Value Evaluator::repeat(std::string_view text, std::span<const Value> arguments) {
  double times = 0;
  if (arguments.empty()) return fail("bad argument #1 to 'rep' (number expected)");
  if (!integer(arguments, 0, 0, times)) return {};
  if (times < 1 || text.empty()) return Value::of(std::string_view());
  if (times * static_cast<double>(text.size()) > static_cast<double>(Template::kMostBytes)) {
    return fail(std::string(kTooLong));
  }
  const auto count = static_cast<size_t>(times);
  char* out = arena_.chars(count * text.size());
  for (size_t i = 0; i < count; ++i) text.copy(out + i * text.size(), text.size());
  return Value::of(std::string_view(out, count * text.size()));
}

Value Evaluator::valueOf(const Capture& capture, std::string_view text) {
  if (!capture.position) return Value::of(capture.text);
  return Value::of(static_cast<double>(capture.text.data() - text.data() + 1));
}

/// `places`: answers where the match begins, else what was captured first.
Value Evaluator::find(std::string_view text, std::span<const Value> arguments, bool places) {
  std::string_view pattern;
  double from = 0;
  if (arguments.empty() || !this->text(arguments[0], pattern)) {
    return fail("bad argument #1 to 'match' (string expected)");
  }
  if (!integer(arguments, 1, 1, from)) return {};
  if (from < 0) from = std::max(static_cast<double>(text.size()) + from + 1, 1.0);
  const auto start = static_cast<size_t>(std::max(from, 1.0)) - 1;
  if (start > text.size()) return {};
  if (places && arguments.size() > 2 && arguments[2].truthy()) {
    const size_t at = text.find(pattern, start);
    return at == std::string_view::npos ? Value{} : Value::of(static_cast<double>(at + 1));
  }
  Pattern match(text, pattern, steps_);
  const bool found = match.find(start);
  if (match.problem() != nullptr) return fail(match.problem());
  if (!found) return {};
  return places ? Value::of(static_cast<double>(match.begin() + 1))
                : valueOf(match.capture(0), text);
}

/// Appends `by` with what "%1" and the like stand for.
bool Evaluator::expand(std::string_view by, const Pattern& match, std::string& out) {
  for (size_t i = 0; i < by.size(); ++i) {
    if (by[i] != '%') {
      out += by[i];
      continue;
    }
    if (++i == by.size()) return false;
    if (by[i] < '0' || by[i] > '9') {
      out += by[i];
    } else if (by[i] == '0') {
      out += match.whole();
    } else {
      const auto index = static_cast<size_t>(by[i] - '1');
      if (index >= std::max<size_t>(match.captures(), 1)) return false;
      out += match.capture(index).text;
    }
  }
  return true;
}

Value Evaluator::substitute(std::string_view text, std::span<const Value> arguments) {
  std::string_view pattern, by;
  double most = 0;
  if (arguments.size() < 2 || !this->text(arguments[0], pattern) || !this->text(arguments[1], by)) {
    return fail("bad argument to 'gsub' (string expected)");
  }
  if (!integer(arguments, 2, 1e9, most)) return {};
  std::string out;
  Pattern match(text, pattern, steps_);
  size_t at = 0;
  for (; most > 0 && at <= text.size(); --most) {
    const bool found = match.matchAt(at);
    if (match.problem() != nullptr) return fail(match.problem());
    if (found && !expand(by, match, out))
      return fail("invalid capture index in replacement string");
    if (found && match.end() > at) {
      at = match.end();
    } else {
      if (at == text.size()) break;
      if (!found) ++most;  // nothing was replaced
      out += text[at++];
    }
    if (out.size() > Template::kMostBytes) return fail(std::string(kTooLong));
    if (match.anchored()) break;
  }
  if (at < text.size()) out += text.substr(at);
  return Value::of(arena_.copy(out));
}

}  // namespace tollgate::templates
