#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

/// Regular expressions as routes have them: PCRE's notation over bytes, in linear time (RE2),
/// within a budget of memory that all of them share.
///
/// `.` takes any byte but a line feed and `$` stands before a last line feed, as in PCRE. Where a
/// pattern asks for characters rather than bytes (\p{…}, \x{…}, a class with other than ASCII), a
/// text that is UTF-8 is read as UTF-8. Threads: a compiled one may be used by any; matching may
/// wait for another thread that extends the same automaton.
namespace tollgate {

/// What the automata may hold beside their programs.
class RegexMemory {
 public:
  static constexpr int64_t kDefault = 64 << 20;

  /// Before the first is compiled, in bytes.
  static void setLimit(int64_t bytes);
  /// What is left of it.
  static int64_t left();
  /// Whether there is room for one more set.
  static bool hasRoom();

  RegexMemory() = default;
  RegexMemory(RegexMemory&& other) noexcept;
  RegexMemory& operator=(RegexMemory&& other) noexcept;
  ~RegexMemory();
  /// Takes that much if it is there. Three quarters are for sets alone.
  bool take(int64_t bytes, bool forSet);

 private:
  int64_t taken_ = 0;
};

enum class RegexFault : uint8_t {
  kSyntax,
  kUnsupported,  ///< Look-around, back-references: not in linear time.
  kTooLarge,
};

class Regex {
 public:
  struct Problem {
    RegexFault fault = RegexFault::kSyntax;
    std::string reason;
  };
  /// Null and the problem, if it does not compile. A regex that finds no room in the budget works
  /// without a cache of states, and so more slowly.
  static std::shared_ptr<const Regex> compile(std::string_view pattern, Problem* problem = nullptr);
  ~Regex();

  /// Whether the beginning of the text matches, and how much of it.
  bool matchStart(std::string_view text, size_t& taken) const;
  /// Whether any part of the text matches.
  bool find(std::string_view text) const;
  /// What a group (its name or number, 0: the whole) took of a text whose beginning matches, "" if
  /// it had no part in that; nullopt if there is no such group. Allocates.
  std::optional<std::string_view> group(std::string_view text, std::string_view group) const;
  /// Instructions of its program: what a byte of a text may cost.
  size_t size() const;
  /// Whether it can be one of a RegexSet.
  bool bytesOnly() const { return characters_ == nullptr; }

 private:
  friend class RegexSet;
  Regex() = default;
  const re2::RE2& forText(std::string_view text) const;

  std::string pattern_;  ///< As RE2 writes it.
  std::unique_ptr<const re2::RE2> bytes_;
  std::unique_ptr<const re2::RE2> characters_;  ///< For texts in UTF-8, where that differs.
  RegexMemory memory_;
};

/// Many regexes as one automaton, which reads a text once.
class RegexSet {
 public:
  /// Of regexes of bytes only. Null if the budget has no room for it.
  static std::unique_ptr<const RegexSet> compile(const std::vector<const Regex*>& regexes);
  ~RegexSet();

  /// Replaces `found` by the places of those that match the beginning of the text, in rising order.
  /// False if the memory does not suffice for this text: then each has to be asked.
  bool matchStart(std::string_view text, std::vector<int>& found) const;

 private:
  struct Automaton;
  RegexSet();
  std::unique_ptr<const Automaton> automaton_;
  RegexMemory memory_;
};

}  // namespace tollgate
