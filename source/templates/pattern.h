#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace tollgate::templates {

/// What a part in parentheses took.
struct Capture {
  std::string_view text;
  bool position = false;  ///< "()": text is empty and stands where it matched.
};

/// Lua's patterns (reference manual of Lua 5.1, section 5.4.1). One match at a time; bounded in
/// steps and depth.
class Pattern {
 public:
  static constexpr size_t kMostCaptures = 32;
  /// Of a whole rendering: what all its matches may cost together.
  static constexpr size_t kMostSteps = 100'000;

  /// `steps`: what is left; each comparison takes one.
  Pattern(std::string_view text, std::string_view pattern, size_t& steps);

  /// Looks for the first match at `from` or behind it.
  bool find(size_t from);
  /// Whether it matches at `at`.
  bool matchAt(size_t at);
  /// Why it could not be carried through; nullptr if it was.
  const char* problem() const { return problem_; }
  /// It begins with "^": it can match at one place only.
  bool anchored() const { return anchored_; }

  size_t begin() const { return begin_; }
  size_t end() const { return end_; }
  size_t captures() const { return level_; }
  std::string_view whole() const { return text_.substr(begin_, end_ - begin_); }
  /// The whole match where there are no parentheses and `index` is 0.
  Capture capture(size_t index) const;

 private:
  static constexpr size_t kNoMatch = static_cast<size_t>(-1);
  static constexpr size_t kOpen = static_cast<size_t>(-1);
  static constexpr size_t kPosition = static_cast<size_t>(-2);
  static constexpr int kMostDepth = 200;
  struct Range {
    size_t begin, size;
  };

  size_t fail(const char* problem);
  size_t match(size_t at, size_t in);
  size_t matchOnce(size_t at, size_t in);
  size_t startCapture(size_t at, size_t in, size_t size);
  size_t endCapture(size_t at, size_t in);
  size_t matchBack(size_t at, size_t digit);
  size_t matchBalance(size_t at, size_t in);
  size_t matchMost(size_t at, size_t in, size_t after);
  size_t matchLeast(size_t at, size_t in, size_t after);
  size_t classEnd(size_t in);
  bool single(size_t at, size_t in, size_t after);
  bool inSet(unsigned char c, size_t in, size_t last) const;
  bool spend();

  std::string_view text_, pattern_;
  size_t& steps_;
  bool anchored_ = false;
  const char* problem_ = nullptr;
  int depth_ = 0;
  size_t begin_ = 0, end_ = 0;
  size_t level_ = 0;
  std::array<Range, kMostCaptures> captures_{};
};

}  // namespace tollgate::templates
