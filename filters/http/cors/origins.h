#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/arena.h"
#include "source/base/regex.h"

namespace tollgate::filters::cors {

/// An origin of pages without what says nothing: the port that its scheme has anyway, a path, a
/// user.
struct NormalOrigin {
  std::string_view text;
  std::string_view host;  ///< "" where the text is no origin.
};
/// Of a text without "//" the text itself. Copies to the arena only what is not in one piece.
NormalOrigin normalize(std::string_view origin, Arena& arena);

/// Longer origins match no entry, so that nobody can have expressions read long texts.
inline constexpr size_t kMostOrigin = 1024;

/// What an answer says of the origin that a request came from.
struct Decision {
  std::string_view allowed;  ///< The value of Access-Control-Allow-Origin; "" for none.
  bool varies = false;       ///< Another origin may be answered otherwise.
  bool everybody = false;    ///< Whatever the origin.
};

/// The configured origins. Immutable; any thread.
class Origins {
 public:
  /// `entries`: "*", origins, host names, and regular expressions, which are what has characters
  /// that stand in no origin. Those that do not compile match nothing.
  explicit Origins(std::vector<std::string> entries);

  /// `origin`: what the request says, "" if nothing. The answer lives as long as this, the request
  /// and the arena.
  Decision decide(std::string_view origin, Arena& arena) const;

 private:
  struct Entry {
    enum class Kind { kEverybody, kPlain, kRegexOfHost, kRegexOfOrigin };
    Kind kind;
    std::string text;  ///< Normal.
    std::shared_ptr<const Regex> regex;
  };
  static Entry compile(const std::string& text);
  static bool matches(const Entry& entry, const NormalOrigin& origin);

  std::vector<Entry> entries_;
  bool everybody_ = false;
  std::string only_;  ///< The one origin that every request is told; "" if there is none.
};

}  // namespace tollgate::filters::cors
