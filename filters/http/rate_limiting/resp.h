#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::filters::rate_limiting {

/// One answer of the Redis protocol, version 2, as far as it is needed: arrays hold integers.
struct Reply {
  enum class Kind { kText, kError, kInteger, kIntegers };
  Kind kind = Kind::kText;
  std::string text;
  std::vector<int64_t> integers;
};

struct ParsedReply {
  enum class State { kNeedMore, kDone, kMalformed } state = State::kNeedMore;
  size_t bytes = 0;  ///< kDone: length of the answer.
  Reply reply;
};

/// Parses one answer at the front of `bytes`. Answers of more than 64 KiB are malformed.
ParsedReply parseReply(std::string_view bytes);
/// A command as an array of bulk strings.
std::string encodeCommand(const std::vector<std::string>& words);

}  // namespace tollgate::filters::rate_limiting
