#include "source/templates/parser.h"

#include <cmath>
#include <cstdlib>
#include <iterator>

#include "source/base/hex.h"

namespace tollgate::templates {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isNameChar(char c) { return isNameStart(c) || isDigit(c); }

struct Token {
  enum class Kind : uint8_t { kEnd, kName, kNumber, kText, kMark };
  Kind kind = Kind::kEnd;
  std::string text;  ///< A name, the content of a string, or the characters of a mark.
  double number = 0;
};

struct Binary {
  std::string_view mark;
  Op op;
  int left, right;  ///< How strongly it binds on either side, as in Lua's own grammar.
};
constexpr Binary kBinaries[] = {
    {"or", Op::kOr, 1, 1},      {"and", Op::kAnd, 2, 2},      {"<", Op::kLess, 3, 3},
    {">", Op::kGreater, 3, 3},  {"<=", Op::kLessEqual, 3, 3}, {">=", Op::kGreaterEqual, 3, 3},
    {"~=", Op::kUnequal, 3, 3}, {"==", Op::kEqual, 3, 3},     {"..", Op::kConcat, 5, 4},
    {"+", Op::kAdd, 6, 6},      {"-", Op::kSubtract, 6, 6},   {"*", Op::kMultiply, 7, 7},
    {"/", Op::kDivide, 7, 7},   {"%", Op::kModulo, 7, 7},     {"^", Op::kPower, 10, 9},
};
constexpr int kUnaryStrength = 8;

constexpr std::string_view kKeywords[] = {"break",  "do",     "else", "elseif", "end",
                                          "for",    "goto",   "if",   "in",     "local",
                                          "repeat", "return", "then", "until",  "while"};

struct MethodName {
  std::string_view name;
  Method method;
};
constexpr MethodName kMethods[] = {
    {"byte", Method::kByte},   {"find", Method::kFind},       {"gsub", Method::kGsub},
    {"len", Method::kLen},     {"lower", Method::kLower},     {"match", Method::kMatch},
    {"rep", Method::kRep},     {"reverse", Method::kReverse}, {"sub", Method::kSub},
    {"upper", Method::kUpper},
};

class Parser {
 public:
  Parser(std::string_view text, Problem& problem) : rest_(text), problem_(problem) { advance(); }

  Expression whole() {
    out_.root = binary(0, 0);
    if (!failed() && token_.kind != Token::Kind::kEnd) unexpected();
    return std::move(out_);
  }

 private:
  bool failed() const { return problem_.kind != Problem::Kind::kNone; }
  int fail(Problem::Kind kind, std::string text) {
    if (!failed()) problem_ = {kind, std::move(text)};
    token_ = {};
    return -1;
  }
  int unexpected() {
    return fail(Problem::Kind::kSyntax, token_.kind == Token::Kind::kEnd
                                            ? "unexpected end of expression"
                                            : "unexpected symbol near '" + token_.text + "'");
  }
  int needsLua(std::string what) { return fail(Problem::Kind::kNeedsLua, std::move(what)); }

  // ---- Tokens

  void advance() {
    while (!rest_.empty() &&
           std::string_view(" \t\r\n\v\f").find(rest_[0]) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
    token_ = {};
    if (rest_.empty()) return;
    const char c = rest_[0];
    if (isNameStart(c)) {
      size_t size = 1;
      while (size < rest_.size() && isNameChar(rest_[size])) ++size;
      take(Token::Kind::kName, size);
    } else if (isDigit(c) || (c == '.' && rest_.size() > 1 && isDigit(rest_[1]))) {
      number();
    } else if (c == '"' || c == '\'') {
      quoted(c);
    } else if (rest_.starts_with("[[")) {
      bracketed();
    } else {
      mark();
    }
  }
  void take(Token::Kind kind, size_t size) {
    token_.kind = kind;
    token_.text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  void number() {
    const std::string text(rest_.substr(0, 64));
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const auto size = static_cast<size_t>(end - text.c_str());
    take(Token::Kind::kNumber, size);
    token_.number = value;
    if (!rest_.empty() && isNameChar(rest_[0])) {
      fail(Problem::Kind::kSyntax, "malformed number near '" + text.substr(0, size + 1) + "'");
    }
  }
  void bracketed() {
    const size_t end = rest_.find("]]");
    if (end == std::string_view::npos) {
      fail(Problem::Kind::kSyntax, "unfinished long string");
      return;
    }
    token_ = {Token::Kind::kText, std::string(rest_.substr(2, end - 2)), 0};
    rest_.remove_prefix(end + 2);
  }
  void quoted(char quote) {
    token_.kind = Token::Kind::kText;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_[0] != quote && rest_[0] != '\n') {
      if (rest_[0] == '\\') {
        rest_.remove_prefix(1);
        escape();
      } else {
        token_.text += rest_[0];
        rest_.remove_prefix(1);
      }
    }
    if (rest_.empty() || rest_[0] != quote) {
      fail(Problem::Kind::kSyntax, "unfinished string");
      return;
    }
    rest_.remove_prefix(1);
  }
  void escape() {
    if (rest_.empty()) return;
    static constexpr std::string_view kLetters = "abfnrtv", kBytes = "\a\b\f\n\r\t\v";
    const char c = rest_[0];
    const size_t letter = kLetters.find(c);
    size_t size = 1;
    if (letter != std::string_view::npos) {
      token_.text += kBytes[letter];
    } else if (isDigit(c)) {
      unsigned code = 0;
      for (size = 0; size < 3 && size < rest_.size() && isDigit(rest_[size]); ++size) {
        code = code * 10 + static_cast<unsigned>(rest_[size] - '0');
      }
      token_.text += static_cast<char>(code);
    } else if (c == 'x' && rest_.size() >= 3 && hexValue(rest_[1]) >= 0 &&
               hexValue(rest_[2]) >= 0) {
      token_.text += static_cast<char>(hexValue(rest_[1]) * 16 + hexValue(rest_[2]));
      size = 3;
    } else {
      token_.text += c;
    }
    rest_.remove_prefix(size);
  }
  void mark() {
    for (std::string_view longer : {"...", "..", "==", "~=", "<=", ">="}) {
      if (rest_.starts_with(longer)) return take(Token::Kind::kMark, longer.size());
    }
    take(Token::Kind::kMark, 1);
  }
  bool is(std::string_view mark) const {
    return token_.kind != Token::Kind::kText && token_.kind != Token::Kind::kEnd &&
           token_.text == mark;
  }
  bool accept(std::string_view mark) {
    if (!is(mark)) return false;
    advance();
    return true;
  }
  bool expect(std::string_view mark) {
    if (accept(mark)) return true;
    fail(Problem::Kind::kSyntax, "'" + std::string(mark) + "' expected");
    return false;
  }

  // ---- Expressions

  int add(Node node) {
    if (out_.nodes.size() == kMostNodes) {
      return fail(Problem::Kind::kSyntax, "expression is too long");
    }
    out_.nodes.push_back(std::move(node));
    return static_cast<int>(out_.nodes.size()) - 1;
  }
  int constant(Value value) {
    Node node;
    node.constant = value;
    return add(std::move(node));
  }
  int text(std::string value) {
    Node node;
    node.constant = Value::of(std::string_view());
    node.text = std::move(value);
    return add(std::move(node));
  }
  int operation(Op op, int left, int right) {
    Node node;
    node.op = op;
    node.left = left;
    node.right = right;
    return add(std::move(node));
  }

  int binary(int least, int depth) {
    if (depth > kMostDepth) return fail(Problem::Kind::kSyntax, "expression is nested too deeply");
    int left = unary(depth);
    while (!failed()) {
      const Binary* found = nullptr;
      for (const Binary& each : kBinaries) {
        if (is(each.mark)) found = &each;
      }
      if (found == nullptr || found->left <= least) break;
      advance();
      const int right = binary(found->right, depth + 1);
      left = operation(found->op, left, right);
    }
    return left;
  }

  int unary(int depth) {
    struct Prefix {
      std::string_view mark;
      Op op;
    };
    for (const Prefix& each : {Prefix{"not", Op::kNot}, {"-", Op::kNegate}, {"#", Op::kLength}}) {
      if (accept(each.mark)) return operation(each.op, binary(kUnaryStrength, depth + 1), -1);
    }
    return suffixed(depth);
  }

  int suffixed(int depth) {
    const bool literal = token_.kind == Token::Kind::kText || token_.kind == Token::Kind::kNumber;
    int value = primary(depth);
    while (!failed()) {
      if (accept(".")) {
        if (token_.kind != Token::Kind::kName) return unexpected();
        const int name = text(token_.text);
        advance();
        value = operation(Op::kIndex, value, name);
      } else if (!literal && accept("[")) {
        const int index = binary(0, depth + 1);
        if (!expect("]")) return -1;
        value = operation(Op::kIndex, value, index);
      } else if (accept(":")) {
        value = method(value, depth);
      } else if (is("(") || token_.kind == Token::Kind::kText) {
        if (literal) return unexpected();
        Node call;
        call.op = Op::kCall;
        call.left = value;
        if (!arguments(call, depth)) return -1;
        value = add(std::move(call));
      } else if (is("{")) {
        return needsLua("a table constructor needs Lua");
      } else {
        break;
      }
    }
    return value;
  }

  int method(int object, int depth) {
    if (token_.kind != Token::Kind::kName) return unexpected();
    Node call;
    call.op = Op::kMethod;
    call.left = object;
    const MethodName* known = nullptr;
    for (const MethodName& each : kMethods) {
      if (token_.text == each.name) known = &each;
    }
    if (known == nullptr) return needsLua("the method '" + token_.text + "' needs Lua");
    call.method = known->method;
    advance();
    return arguments(call, depth) ? add(std::move(call)) : -1;
  }

  bool arguments(Node& call, int depth) {
    if (token_.kind == Token::Kind::kText) {
      call.arguments.push_back(text(token_.text));
      advance();
      return true;
    }
    if (!expect("(")) return false;
    if (accept(")")) return true;
    do {
      call.arguments.push_back(binary(0, depth + 1));
    } while (!failed() && accept(","));
    return !failed() && expect(")");
  }

  int primary(int depth) {
    switch (token_.kind) {
      case Token::Kind::kNumber: {
        const double value = token_.number;
        advance();
        return constant(Value::of(value));
      }
      case Token::Kind::kText: {
        std::string value = token_.text;
        advance();
        return text(std::move(value));
      }
      case Token::Kind::kName:
        return named();
      case Token::Kind::kMark:
        if (accept("(")) {
          const int inner = binary(0, depth + 1);
          return !failed() && expect(")") ? inner : -1;
        }
        if (is("{")) return needsLua("a table constructor needs Lua");
        if (is("...")) return needsLua("'...' needs Lua");
        break;
      case Token::Kind::kEnd:
        break;
    }
    return unexpected();
  }

  int named() {
    const std::string name = token_.text;
    if (name == "function") return needsLua("a function needs Lua");
    if (name == "kong" || name == "ngx") return needsLua("'" + name + "' needs Lua");
    for (std::string_view keyword : kKeywords) {
      if (name == keyword) return unexpected();
    }
    if (name == "and" || name == "or") return unexpected();
    advance();
    if (name == "true" || name == "false") return constant(Value::of(name == "true"));
    if (name == "type") {
      Value type;
      type.kind = Value::Kind::kType;
      return constant(type);
    }
    static constexpr std::string_view kTables[] = {"headers", "query_params", "uri_captures",
                                                   "shared"};
    for (size_t i = 0; i < std::size(kTables); ++i) {
      if (name != kTables[i]) continue;
      out_.tables |= 1u << i;
      return constant(Value::of(static_cast<Table>(i)));
    }
    return constant(Value::nil());
  }

  static constexpr size_t kMostNodes = 1000;
  std::string_view rest_;
  Problem& problem_;
  Token token_;
  Expression out_;
};

}  // namespace

Expression parse(std::string_view text, Problem& problem) {
  Expression out = Parser(text, problem).whole();
  for (Node& node : out.nodes) {
    if (node.op == Op::kConstant && node.constant.kind == Value::Kind::kText) {
      node.constant.text = node.text;
    }
  }
  return out;
}

}  // namespace tollgate::templates
