#include "source/templates/pattern.h"

#include "source/base/ascii.h"
#include "source/base/trim.h"

namespace tollgate::templates {
namespace {

bool isLetter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isDigit(unsigned char c) { return c >= '0' && c <= '9'; }

/// Whether the byte is of the class "%x" that a letter names; a letter of upper case means all
/// others.
bool inClass(unsigned char c, char letter) {
  const char lower = lowerByte(letter);
  bool in = false;
  switch (lower) {
    case 'a':
      in = isLetter(c);
      break;
    case 'c':
      in = c < 0x20 || c == 0x7f;
      break;
    case 'd':
      in = isDigit(c);
      break;
    case 'g':
      in = c > 0x20 && c < 0x7f;
      break;
    case 'l':
      in = c >= 'a' && c <= 'z';
      break;
    case 'p':
      in = c > 0x20 && c < 0x7f && !isLetter(c) && !isDigit(c);
      break;
    case 's':
      in = kWhiteSpace.find(static_cast<char>(c)) != std::string_view::npos;
      break;
    case 'u':
      in = c >= 'A' && c <= 'Z';
      break;
    case 'w':
      in = isLetter(c) || isDigit(c);
      break;
    case 'x':
      in = isDigit(c) ||
           (lowerByte(static_cast<char>(c)) >= 'a' && lowerByte(static_cast<char>(c)) <= 'f');
      break;
    case 'z':
      in = c == 0;
      break;
    default:
      return static_cast<unsigned char>(letter) == c;
  }
  return in != (letter != lower);
}

}  // namespace

Pattern::Pattern(std::string_view text, std::string_view pattern, size_t& steps)
    : text_(text), pattern_(pattern), steps_(steps), anchored_(pattern.starts_with('^')) {
  if (anchored_) pattern_.remove_prefix(1);
}

size_t Pattern::fail(const char* problem) {
  if (problem_ == nullptr) problem_ = problem;
  return kNoMatch;
}

bool Pattern::spend() {
  if (steps_ == 0) {
    fail("pattern too complex");
    return false;
  }
  --steps_;
  return true;
}

bool Pattern::find(size_t from) {
  for (size_t at = from; at <= text_.size(); ++at) {
    if (matchAt(at)) return true;
    if (anchored_ || problem_ != nullptr) return false;
  }
  return false;
}

bool Pattern::matchAt(size_t at) {
  level_ = 0;
  depth_ = 0;
  const size_t end = match(at, 0);
  if (end == kNoMatch || problem_ != nullptr) return false;
  for (size_t i = 0; i < level_; ++i) {
    if (captures_[i].size == kOpen) {
      fail("unfinished capture");
      return false;
    }
  }
  begin_ = at;
  end_ = end;
  return true;
}

Capture Pattern::capture(size_t index) const {
  if (index >= level_) return {text_.substr(begin_, end_ - begin_), false};
  const Range& range = captures_[index];
  if (range.size == kPosition) return {text_.substr(range.begin, 0), true};
  return {text_.substr(range.begin, range.size), false};
}

/// Where a match of the pattern from `in` on ends.
size_t Pattern::match(size_t at, size_t in) {
  if (++depth_ > kMostDepth) return fail("pattern too complex");
  const size_t end = matchOnce(at, in);
  --depth_;
  return end;
}

size_t Pattern::matchOnce(size_t at, size_t in) {
  for (;;) {
    if (problem_ != nullptr || !spend()) return kNoMatch;
    if (in == pattern_.size()) return at;
    const char c = pattern_[in];
    const char next = in + 1 < pattern_.size() ? pattern_[in + 1] : '\0';
    if (c == '(')
      return next == ')' ? startCapture(at, in + 2, kPosition) : startCapture(at, in + 1, kOpen);
    if (c == ')') return endCapture(at, in + 1);
    if (c == '$' && in + 1 == pattern_.size()) return at == text_.size() ? at : kNoMatch;
    if (c == '%' && next == 'b') {
      at = matchBalance(at, in + 2);
      if (at == kNoMatch) return at;
      in += 4;
      continue;
    }
    if (c == '%' && next == 'f') {
      in += 2;
      if (in >= pattern_.size() || pattern_[in] != '[')
        return fail("missing '[' after '%f' in pattern");
      const size_t after = classEnd(in);
      if (after == kNoMatch) return after;
      const unsigned char before = at == 0 ? 0 : static_cast<unsigned char>(text_[at - 1]);
      const unsigned char here = at < text_.size() ? static_cast<unsigned char>(text_[at]) : 0;
      if (inSet(before, in, after - 1) || !inSet(here, in, after - 1)) return kNoMatch;
      in = after;
      continue;
    }
    if (c == '%' && isDigit(static_cast<unsigned char>(next))) {
      at = matchBack(at, static_cast<size_t>(next - '1'));
      if (at == kNoMatch) return at;
      in += 2;
      continue;
    }
    const size_t after = classEnd(in);
    if (after == kNoMatch) return after;
    const bool fits = single(at, in, after);
    switch (after < pattern_.size() ? pattern_[after] : '\0') {
      case '?': {
        if (fits) {
          const size_t end = match(at + 1, after + 1);
          if (end != kNoMatch || problem_ != nullptr) return end;
        }
        in = after + 1;
        continue;
      }
      case '*':
        return matchMost(at, in, after);
      case '+':
        return fits ? matchMost(at + 1, in, after) : kNoMatch;
      case '-':
        return matchLeast(at, in, after);
      default:
        if (!fits) return kNoMatch;
        ++at;
        in = after;
    }
  }
}

size_t Pattern::startCapture(size_t at, size_t in, size_t size) {
  if (level_ == kMostCaptures) return fail("too many captures");
  captures_[level_++] = {at, size};
  const size_t end = match(at, in);
  if (end == kNoMatch) --level_;
  return end;
}

size_t Pattern::endCapture(size_t at, size_t in) {
  size_t open = level_;
  while (open > 0 && captures_[open - 1].size != kOpen) --open;
  if (open == 0) return fail("invalid pattern capture");
  captures_[open - 1].size = at - captures_[open - 1].begin;
  const size_t end = match(at, in);
  if (end == kNoMatch) captures_[open - 1].size = kOpen;
  return end;
}

size_t Pattern::matchBack(size_t at, size_t digit) {
  if (digit >= level_ || captures_[digit].size == kOpen || captures_[digit].size == kPosition) {
    return fail("invalid capture index");
  }
  const std::string_view taken = text_.substr(captures_[digit].begin, captures_[digit].size);
  return text_.substr(at).starts_with(taken) ? at + taken.size() : kNoMatch;
}

size_t Pattern::matchBalance(size_t at, size_t in) {
  if (in + 1 >= pattern_.size()) return fail("unbalanced pattern");
  if (at >= text_.size() || text_[at] != pattern_[in]) return kNoMatch;
  size_t open = 1;
  for (size_t i = at + 1; i < text_.size(); ++i) {
    if (!spend()) return kNoMatch;
    if (text_[i] == pattern_[in + 1]) {
      if (--open == 0) return i + 1;
    } else if (text_[i] == pattern_[in]) {
      ++open;
    }
  }
  return kNoMatch;
}

size_t Pattern::matchMost(size_t at, size_t in, size_t after) {
  size_t count = 0;
  while (single(at + count, in, after)) {
    if (!spend()) return kNoMatch;
    ++count;
  }
  for (;; --count) {
    const size_t end = match(at + count, after + 1);
    if (end != kNoMatch || problem_ != nullptr || count == 0) return end;
  }
}

size_t Pattern::matchLeast(size_t at, size_t in, size_t after) {
  for (;; ++at) {
    const size_t end = match(at, after + 1);
    if (end != kNoMatch || problem_ != nullptr || !single(at, in, after)) return end;
  }
}

size_t Pattern::classEnd(size_t in) {
  if (pattern_[in] == '%') {
    return in + 1 < pattern_.size() ? in + 2 : fail("malformed pattern (ends with '%')");
  }
  if (pattern_[in] != '[') return in + 1;
  size_t at = in + 1;
  if (at < pattern_.size() && pattern_[at] == '^') ++at;
  do {  // a "]" in the first place stands for itself
    if (at >= pattern_.size()) return fail("malformed pattern (missing ']')");
    if (pattern_[at++] == '%') ++at;
  } while (at >= pattern_.size() || pattern_[at] != ']');
  return at + 1;
}

bool Pattern::single(size_t at, size_t in, size_t after) {
  if (at >= text_.size()) return false;
  const auto c = static_cast<unsigned char>(text_[at]);
  switch (pattern_[in]) {
    case '.':
      return true;
    case '%':
      return inClass(c, pattern_[in + 1]);
    case '[':
      return inSet(c, in, after - 1);
    default:
      return pattern_[in] == text_[at];
  }
}

/// The set that begins at `in`; its "]" is at `last`.
bool Pattern::inSet(unsigned char c, size_t in, size_t last) const {
  const bool others = pattern_[in + 1] == '^';
  size_t at = in + (others ? 2 : 1);
  for (; at < last; ++at) {
    if (pattern_[at] == '%' && at + 1 < last) {
      if (inClass(c, pattern_[++at])) return !others;
    } else if (at + 2 < last && pattern_[at + 1] == '-') {
      if (static_cast<unsigned char>(pattern_[at]) <= c &&
          c <= static_cast<unsigned char>(pattern_[at + 2])) {
        return !others;
      }
      at += 2;
    } else if (static_cast<unsigned char>(pattern_[at]) == c) {
      return !others;
    }
  }
  return others;
}

}  // namespace tollgate::templates
