#include "source/base/regex.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <utility>

#include "source/base/utf8.h"

namespace tollgate {
namespace {

std::atomic<int64_t> memoryLeft{RegexMemory::kDefault};
std::atomic<int64_t> keptForSets{RegexMemory::kDefault / 4 * 3};

constexpr int64_t kLargestProgram = 1 << 19;  ///< Of one regex: some 10,000 instructions.
constexpr int64_t kTight = 8 << 10;           ///< Room for the program of a usual one, no more.
constexpr int64_t kRoomy = 64 << 10;
constexpr int64_t kSetMemory = 1 << 20;  ///< Of a set; a large one takes four times as much.

struct Translation {
  std::string pattern;
  bool characters = false;  ///< It means something else by characters than by bytes.
};

/// PCRE writes (?<name>…), RE2 (?P<name>…).
Translation translate(std::string_view pattern) {
  Translation out;
  bool inClass = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[i + 1];
      const bool wide = next == 'x' && i + 2 < pattern.size() && pattern[i + 2] == '{';
      out.characters = out.characters || next == 'p' || next == 'P' || wide;
      out.pattern += c;
      out.pattern += next;
      ++i;
      continue;
    }
    if (inClass) {
      inClass = c != ']';
      out.characters = out.characters || static_cast<unsigned char>(c) >= 0x80;
    } else if (c == '[') {
      inClass = true;
    } else if (pattern.substr(i, 3) == "(?<" && i + 3 < pattern.size() && pattern[i + 3] != '=' &&
               pattern[i + 3] != '!') {
      out.pattern += "(?P<";
      i += 2;
      continue;
    }
    out.pattern += c;
  }
  return out;
}

RE2::Options optionsOf(bool characters, int64_t memory) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(characters ? RE2::Options::EncodingUTF8 : RE2::Options::EncodingLatin1);
  options.set_max_mem(memory);
  return options;
}

/// With the memory that was granted, else with as little as its program takes.
std::unique_ptr<const RE2> compileWithin(const std::string& pattern, bool characters,
                                         int64_t memory) {
  for (;; memory *= 2) {
    auto regex = std::make_unique<const RE2>(pattern, optionsOf(characters, memory));
    if (regex->error_code() != RE2::ErrorPatternTooLarge || memory >= kLargestProgram) {
      return regex;
    }
  }
}

Regex::Problem problemOf(const RE2& regex) {
  Regex::Problem problem;
  switch (regex.error_code()) {
    case RE2::ErrorBadPerlOp:
    case RE2::ErrorBadEscape:
      problem.fault = RegexFault::kUnsupported;
      break;
    case RE2::ErrorPatternTooLarge:
      problem.fault = RegexFault::kTooLarge;
      break;
    default:
      break;
  }
  problem.reason = regex.error().substr(0, regex.error().find(": "));
  return problem;
}

bool matchAtStart(const RE2& regex, std::string_view text, re2::StringPiece* groups, int count) {
  re2::StringPiece piece(text.data(), text.size());
  if (regex.Match(piece, 0, text.size(), RE2::ANCHOR_START, groups, count)) return true;
  if (!text.ends_with('\n')) return false;
  piece.remove_suffix(1);
  return regex.Match(piece, 0, piece.size(), RE2::ANCHOR_START, groups, count);
}

}  // namespace

void RegexMemory::setLimit(int64_t bytes) {
  memoryLeft.store(bytes, std::memory_order_relaxed);
  keptForSets.store(bytes / 4 * 3, std::memory_order_relaxed);
}
int64_t RegexMemory::left() { return memoryLeft.load(std::memory_order_relaxed); }

bool RegexMemory::hasRoom() { return left() >= kSetMemory; }

RegexMemory::RegexMemory(RegexMemory&& other) noexcept : taken_(std::exchange(other.taken_, 0)) {}
RegexMemory& RegexMemory::operator=(RegexMemory&& other) noexcept {
  std::swap(taken_, other.taken_);
  return *this;
}
RegexMemory::~RegexMemory() { memoryLeft.fetch_add(taken_, std::memory_order_relaxed); }

bool RegexMemory::take(int64_t bytes, bool forSet) {
  const int64_t kept = forSet ? 0 : keptForSets.load(std::memory_order_relaxed);
  int64_t left = memoryLeft.load(std::memory_order_relaxed);
  do {
    if (left - kept < bytes) return false;
  } while (!memoryLeft.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed));
  taken_ += bytes;
  return true;
}

Regex::~Regex() = default;

std::shared_ptr<const Regex> Regex::compile(std::string_view pattern, Problem* problem) {
  Translation translation = translate(pattern);
  std::shared_ptr<Regex> regex(new Regex);
  regex->pattern_ = std::move(translation.pattern);
  const bool roomy = regex->memory_.take(kRoomy, false);
  const int64_t memory = roomy ? kRoomy : kTight;
  regex->bytes_ = compileWithin(regex->pattern_, false, memory);
  if (!regex->bytes_->ok()) {
    if (problem != nullptr) *problem = problemOf(*regex->bytes_);
    return nullptr;
  }
  if (translation.characters) {
    // A pattern that is no UTF-8 itself can only mean bytes.
    auto characters = compileWithin(regex->pattern_, true, memory);
    if (characters->error_code() == RE2::ErrorPatternTooLarge) {
      if (problem != nullptr) *problem = problemOf(*characters);
      return nullptr;
    }
    if (characters->ok()) regex->characters_ = std::move(characters);
  }
  return regex;
}

const RE2& Regex::forText(std::string_view text) const {
  return characters_ != nullptr && isUtf8(text) ? *characters_ : *bytes_;
}

size_t Regex::size() const {
  return static_cast<size_t>(bytes_->ProgramSize() +
                             (characters_ != nullptr ? characters_->ProgramSize() : 0));
}

bool Regex::matchStart(std::string_view text, size_t& taken) const {
  re2::StringPiece whole;
  if (!matchAtStart(forText(text), text, &whole, 1)) return false;
  taken = whole.size();
  return true;
}

bool Regex::find(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), forText(text));
}

std::optional<std::string_view> Regex::group(std::string_view text, std::string_view group) const {
  if (group.empty()) return std::nullopt;
  const RE2& regex = forText(text);
  int number = 0;
  auto parsed = std::from_chars(group.data(), group.data() + group.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != group.data() + group.size()) {
    auto named = regex.NamedCapturingGroups().find(std::string(group));
    if (named == regex.NamedCapturingGroups().end()) return std::nullopt;
    number = named->second;
  }
  if (number < 0 || number > regex.NumberOfCapturingGroups()) return std::nullopt;
  std::vector<re2::StringPiece> groups(static_cast<size_t>(number) + 1);
  if (!matchAtStart(regex, text, groups.data(), number + 1)) return std::nullopt;
  const re2::StringPiece& taken = groups.back();
  return std::string_view(taken.data(), taken.size());
}

struct RegexSet::Automaton {
  explicit Automaton(int64_t memory) : set(optionsOf(false, memory), RE2::ANCHOR_START) {}
  RE2::Set set;
};

RegexSet::RegexSet() = default;
RegexSet::~RegexSet() = default;

std::unique_ptr<const RegexSet> RegexSet::compile(const std::vector<const Regex*>& regexes) {
  for (int64_t memory : {kSetMemory, 4 * kSetMemory}) {
    std::unique_ptr<RegexSet> out(new RegexSet);
    if (!out->memory_.take(memory, true)) return nullptr;
    auto automaton = std::make_unique<Automaton>(memory);
    for (const Regex* regex : regexes) automaton->set.Add(regex->pattern_, nullptr);
    if (!automaton->set.Compile()) continue;  // its program leaves no room for states
    out->automaton_ = std::move(automaton);
    return out;
  }
  return nullptr;
}

bool RegexSet::matchStart(std::string_view text, std::vector<int>& found) const {
  RE2::Set::ErrorInfo error{};
  const bool any = automaton_->set.Match({text.data(), text.size()}, &found, &error);
  if (!any && error.kind != RE2::Set::kNoError) return false;
  if (text.ends_with('\n')) return false;  // "$" may stand before it: rare enough to ask each
  std::sort(found.begin(), found.end());
  return true;
}

}  // namespace tollgate
