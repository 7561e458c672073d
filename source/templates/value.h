#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tollgate::templates {

/// What templates can ask about a request.
enum class Table : uint8_t { kHeaders, kQuery, kCaptures, kShared };

/// The names of string methods that need no Lua.
enum class Method : uint8_t {
  kByte,
  kFind,
  kGsub,
  kLen,
  kLower,
  kMatch,
  kRep,
  kReverse,
  kSub,
  kUpper,
};

/// A value of an expression. A view: texts and lists live as long as the arena of the rendering, or
/// the template.
struct Value {
  enum class Kind : uint8_t { kNil, kBoolean, kNumber, kText, kList, kTable, kType, kMethod };
  Kind kind = Kind::kNil;
  bool boolean = false;
  Table table = Table::kHeaders;  ///< Of kTable.
  Method method = Method::kByte;  ///< Of kMethod: a method as a value, called with its text.
  double number = 0;
  std::string_view text;
  std::span<const std::string_view> list;  ///< Of a name that is repeated.

  static Value nil() { return {}; }
  static Value of(bool value) {
    Value out;
    out.kind = Kind::kBoolean;
    out.boolean = value;
    return out;
  }
  static Value of(double value) {
    Value out;
    out.kind = Kind::kNumber;
    out.number = value;
    return out;
  }
  static Value of(std::string_view value) {
    Value out;
    out.kind = Kind::kText;
    out.text = value;
    return out;
  }
  static Value of(std::span<const std::string_view> values) {
    Value out;
    out.kind = Kind::kList;
    out.list = values;
    return out;
  }
  static Value of(Table value) {
    Value out;
    out.kind = Kind::kTable;
    out.table = value;
    return out;
  }
  /// Lua's truth: all but nil and false.
  bool truthy() const { return kind != Kind::kNil && (kind != Kind::kBoolean || boolean); }
};

}  // namespace tollgate::templates
