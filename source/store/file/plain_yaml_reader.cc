#include "source/store/file/plain_yaml_reader.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "source/store/file/yaml_events.h"

namespace tollgate::store {
namespace {

constexpr size_t kMaxFlowDepth = 16;

bool isAlnum(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

bool isIn(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

/// With what a plain scalar may begin here.
bool beginsPlain(char c) { return isAlnum(c) || isIn(c, "/~._$^(\\+<="); }

/// Reads lines and tells YamlEvents what stands in them.
class PlainYaml {
 public:
  PlainYaml(std::istream& in, DocumentSink& sink) : in_(in), events_(sink) {}

  void read() {
    bool any = false;
    while (next()) {
      if (at_ == line_.size() || line_[at_] == '#') continue;
      if (at_ == 0 && line_.starts_with("---")) {
        if (any || started_ || line_.size() != 3) throw NotPlainYaml();
        started_ = true;
        continue;
      }
      any = true;
      content();
    }
    if (!any || in_.bad()) throw NotPlainYaml();
    while (!levels_.empty()) closeLevel();
    events_.OnDocumentEnd();
  }

 private:
  /// A record or list that is open, and the column of its keys or dashes.
  struct Level {
    size_t column;
    bool list;
    bool wantsValue;  ///< The last key, or dash, has no value so far.
  };

  /// The next line, `at_` at its first character that is no space.
  bool next() {
    if (!std::getline(in_, line_)) return false;
    ++number_;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    for (unsigned char c : line_) {
      if (c < 0x20 || c >= 0x7f) throw NotPlainYaml();
    }
    at_ = 0;
    skipSpaces();
    return true;
  }

  void skipSpaces() {
    while (at_ < line_.size() && line_[at_] == ' ') ++at_;
  }

  YAML::Mark mark() const {
    YAML::Mark out;
    out.line = number_ - 1;
    out.column = static_cast<int>(at_);
    return out;
  }

  bool isDash() const {
    return line_[at_] == '-' && (at_ + 1 == line_.size() || line_[at_ + 1] == ' ');
  }

  /// A line with something in it, from `at_`.
  void content() {
    const bool dash = isDash();
    // Levels to the right are over; a list may stand in the column of the key that it belongs to.
    while (!levels_.empty()) {
      const Level& level = levels_.back();
      if (level.column < at_) break;
      if (level.column == at_ && level.list == dash) break;
      if (level.column == at_ && dash && !level.list && level.wantsValue) break;
      closeLevel();
    }
    if (levels_.empty()) {
      if (documentDone_ || dash || at_ != 0) throw NotPlainYaml();
      documentDone_ = true;
      events_.OnDocumentStart(mark());
    }
    if (levels_.empty() || levels_.back().column < at_ || levels_.back().list != dash) {
      if (!levels_.empty() && !levels_.back().wantsValue) throw NotPlainYaml();
      openLevel(dash);
    } else if (levels_.back().wantsValue) {
      nothing();
    }
    if (dash) {
      element();
    } else {
      member();
    }
  }

  void openLevel(bool list) {
    if (!levels_.empty()) levels_.back().wantsValue = false;
    if (list) {
      events_.OnSequenceStart(mark(), "?", 0, YAML::EmitterStyle::Block);
    } else {
      events_.OnMapStart(mark(), "?", 0, YAML::EmitterStyle::Block);
    }
    levels_.push_back({at_, list, false});
  }

  /// The value that the level's last key or dash does not have.
  void nothing() {
    events_.OnNull(mark(), 0);
    levels_.back().wantsValue = false;
  }

  void closeLevel() {
    if (levels_.back().wantsValue) nothing();
    if (levels_.back().list) {
      events_.OnSequenceEnd();
    } else {
      events_.OnMapEnd();
    }
    levels_.pop_back();
  }

  /// "- …", with a scalar or the first member of a record.
  void element() {
    ++at_;
    levels_.back().wantsValue = true;
    skipSpaces();
    if (at_ == line_.size() || line_[at_] == '#') {
      if (at_ < line_.size() && line_[at_ - 1] != ' ') throw NotPlainYaml();
      return;
    }
    if (isDash()) throw NotPlainYaml();
    if (keyLength() > 0) {
      openLevel(false);
      member();
    } else {
      value();
    }
  }

  /// Of a key at `at_`, without its colon; 0 where none begins.
  size_t keyLength() const {
    size_t end = at_;
    while (end < line_.size() && (isAlnum(line_[end]) || isIn(line_[end], "_-./"))) ++end;
    if (end == at_ || end == line_.size() || line_[end] != ':') return 0;
    if (end + 1 < line_.size() && line_[end + 1] != ' ') return 0;
    if (!isAlnum(line_[at_]) && line_[at_] != '_') throw NotPlainYaml();
    return end - at_;
  }

  void member() {
    const size_t length = keyLength();
    if (length == 0) throw NotPlainYaml();
    std::string key = line_.substr(at_, length);
    if (plainScalar(key).is_null()) throw NotPlainYaml();
    events_.OnScalar(mark(), "?", 0, key);
    levels_.back().wantsValue = true;
    at_ += length + 1;
    skipSpaces();
    if (at_ == line_.size()) return;
    if (line_[at_] == '#') {
      if (line_[at_ - 1] != ' ') throw NotPlainYaml();
      return;
    }
    value();
  }

  /// A value that ends with the line.
  void value() {
    levels_.back().wantsValue = false;
    const char c = line_[at_];
    if (c == '\'' || c == '"') {
      quoted();
    } else if (c == '[' || c == '{') {
      flow(0);
    } else {
      plain();
    }
    const size_t end = at_;
    skipSpaces();
    if (at_ == line_.size()) return;
    if (line_[at_] != '#' || at_ == end) throw NotPlainYaml();
  }

  bool mayBeginPlain() const {
    const char c = line_[at_];
    if (c == '-') return at_ + 1 < line_.size() && isAlnum(line_[at_ + 1]);
    return beginsPlain(c);
  }

  /// A plain scalar of block context: up to a comment or the end of the line.
  void plain() {
    if (!mayBeginPlain()) throw NotPlainYaml();
    size_t end = at_;
    for (size_t i = at_; i < line_.size(); ++i) {
      const char c = line_[i];
      if (c == ':' && (i + 1 == line_.size() || line_[i + 1] == ' ')) throw NotPlainYaml();
      if (c == '#' && line_[i - 1] == ' ') break;
      if (c != ' ') end = i + 1;
    }
    events_.OnScalar(mark(), "?", 0, line_.substr(at_, end - at_));
    at_ = end;
  }

  void quoted() {
    const YAML::Mark begin = mark();
    const char quote = line_[at_++];
    std::string text;
    while (true) {
      if (at_ == line_.size()) throw NotPlainYaml();
      const char c = line_[at_++];
      if (c == quote) {
        if (quote == '"' || at_ == line_.size() || line_[at_] != quote) break;
        text += c;  // '' is one quote
        ++at_;
      } else if (c == '\\' && quote == '"') {
        text += escaped();
      } else {
        text += c;
      }
    }
    events_.OnScalar(begin, "!", 0, text);
  }

  char escaped() {
    if (at_ == line_.size()) throw NotPlainYaml();
    switch (line_[at_++]) {
      case '\\':
        return '\\';
      case '"':
        return '"';
      case 'n':
        return '\n';
      case 't':
        return '\t';
      default:
        throw NotPlainYaml();
    }
  }

  char flowChar() {
    skipSpaces();
    if (at_ == line_.size()) throw NotPlainYaml();
    return line_[at_];
  }

  /// [a, "b"] or {a: b}; they end on the line on which they begin.
  void flow(size_t depth) {
    if (depth > kMaxFlowDepth) throw NotPlainYaml();
    const bool list = line_[at_] == '[';
    const char close = list ? ']' : '}';
    if (list) {
      events_.OnSequenceStart(mark(), "?", 0, YAML::EmitterStyle::Flow);
    } else {
      events_.OnMapStart(mark(), "?", 0, YAML::EmitterStyle::Flow);
    }
    ++at_;
    bool more = flowChar() != close;
    while (more) {
      if (!list) flowKey();
      flowValue(depth);
      const char c = flowChar();
      if (c != ',' && c != close) throw NotPlainYaml();
      more = c == ',';
      if (more) {
        ++at_;
        if (flowChar() == close) throw NotPlainYaml();
      }
    }
    ++at_;
    if (list) {
      events_.OnSequenceEnd();
    } else {
      events_.OnMapEnd();
    }
  }

  void flowKey() {
    (void)flowChar();
    const size_t length = keyLength();
    if (length == 0 || at_ + length + 1 >= line_.size()) throw NotPlainYaml();
    std::string key = line_.substr(at_, length);
    if (plainScalar(key).is_null()) throw NotPlainYaml();
    events_.OnScalar(mark(), "?", 0, key);
    at_ += length + 1;
  }

  void flowValue(size_t depth) {
    const char c = flowChar();
    if (c == '[' || c == '{') return flow(depth + 1);
    if (c == '\'' || c == '"') return quoted();
    size_t end = at_;
    while (end < line_.size() && (isAlnum(line_[end]) || isIn(line_[end], "_-./~"))) ++end;
    if (end == at_ || !mayBeginPlain()) throw NotPlainYaml();
    if (end < line_.size() && !isIn(line_[end], ",]} ")) throw NotPlainYaml();
    events_.OnScalar(mark(), "?", 0, line_.substr(at_, end - at_));
    at_ = end;
    if (!isIn(flowChar(), ",]}")) throw NotPlainYaml();  // a text of several words
  }

  std::istream& in_;
  YamlEvents events_;
  std::string line_;
  size_t at_ = 0;
  int number_ = 0;
  bool started_ = false, documentDone_ = false;
  std::vector<Level> levels_;
};

}  // namespace

void readPlainYamlDocument(std::istream& in, DocumentSink& sink) { PlainYaml(in, sink).read(); }

}  // namespace tollgate::store
