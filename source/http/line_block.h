#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "source/base/arena.h"
#include "source/base/copy.h"
#include "source/http/header_code.h"

namespace tollgate::http {

/// The bit that stands for a name of that many bytes in a set of sizes.
constexpr uint64_t sizeBitOf(size_t nameSize) { return uint64_t{1} << (nameSize & 63); }

/// Fields written as lines of HTTP/1 into one piece of an arena, for HeaderMap::add(): what nobody
/// asks for by name leaves in one copy. Values are known to be well-formed. Inlined, since callers
/// know the codes: names are then constants. Never for fields that concern one connection only.
class LineBlock {
 public:
  /// Bytes of lines beside their values.
  template <typename... Codes>
  static constexpr size_t frameOf(Codes... codes) {
    return ((nameOf(codes).size() + 4) + ...);
  }
  /// Of a number in decimal, at most.
  static constexpr size_t kNumber = 20;

  /// `room`: at least the bytes that will be written; nothing checks it again.
  LineBlock(Arena& arena, size_t room) : begin_(arena.chars(room)), end_(begin_) {}

  [[gnu::always_inline]] void line(HeaderCode code, std::string_view value) {
    constexpr std::string_view kColon = ": ", kEnd = "\r\n";
    std::string_view name = nameOf(code);
    char* at = end_;  // what is written might be end_ itself, for all that the compiler knows
    std::memcpy(at, name.data(), name.size());
    std::memcpy(at + name.size(), kColon.data(), kColon.size());
    at = copyTo(at + name.size() + kColon.size(), value);
    std::memcpy(at, kEnd.data(), kEnd.size());
    end_ = at + kEnd.size();
    note(code);
  }
  /// A whole line, "Name: value\r\n".
  void whole(HeaderCode code, std::string_view line) {
    end_ = copyTo(end_, line);
    note(code);
  }
  /// The line of a name without a code, in parts.
  template <typename... Parts>
  void other(size_t nameSize, Parts... parts) {
    char* at = end_;
    ((at = copyTo(at, parts)), ...);
    end_ = at;
    otherSizes_ |= sizeBitOf(nameSize);
    note(HeaderCode::kOther);
  }

  std::string_view text() const { return {begin_, static_cast<size_t>(end_ - begin_)}; }
  uint64_t codes() const { return codes_; }
  uint64_t otherSizes() const { return otherSizes_; }
  uint32_t lines() const { return lines_; }

 private:
  void note(HeaderCode code) {
    codes_ |= bitOf(code);
    ++lines_;
  }

  char* begin_;
  char* end_;
  uint64_t codes_ = 0;
  uint64_t otherSizes_ = 0;
  uint32_t lines_ = 0;
};

}  // namespace tollgate::http
