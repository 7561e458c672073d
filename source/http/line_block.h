#pragma once

#include <array>
#include <concepts>
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

/// The names of some lines.
struct LineNames {
  uint64_t codes = 0;
  uint64_t otherSizes = 0;  ///< sizeBitOf() those without a code.
  uint32_t count = 0;

  constexpr void add(HeaderCode code) {
    codes |= bitOf(code);
    ++count;
  }
  constexpr void addOther(size_t nameSize) {
    add(HeaderCode::kOther);
    otherSizes |= sizeBitOf(nameSize);
  }
};

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

  /// `room`: at least the bytes of all lines that will be written; nothing checks it again.
  LineBlock(Arena& arena, size_t room)
      : begin_(arena.chars(kEnd.size() + room) + kEnd.size()), end_(begin_ - kEnd.size()) {}

  /// A line for each of the codes, in their order.
  template <HeaderCode... kCodes, std::same_as<std::string_view>... Values>
  requires(sizeof...(kCodes) == sizeof...(Values))
      [[gnu::always_inline]] void lines(Values... values) {
    char* at = end_;  // what is written might be end_ itself, for all that the compiler knows
    ((at = put<kCodes>(at, values)), ...);
    end_ = at;
    names_.codes |= (bitOf(kCodes) | ...);
    names_.count += sizeof...(kCodes);
  }
  /// A whole line: "\r\nName: value".
  void whole(HeaderCode code, std::string_view line) {
    end_ = copyTo(end_, line);
    names_.add(code);
  }
  /// For lines that somebody else writes: where they begin, each with the CRLF in front, …
  char* place() const { return end_; }
  /// … and where they ended. `names`: of all of them.
  void wrote(const LineNames& names, char* end) {
    end_ = end;
    names_.codes |= names.codes;
    names_.otherSizes |= names.otherSizes;
    names_.count += names.count;
  }

  const LineNames& names() const { return names_; }
  /// All lines, each with its end: "Name: value\r\n".
  std::string_view text() const {
    std::memcpy(end_, kEnd.data(), kEnd.size());
    return {begin_, static_cast<size_t>(end_ - begin_) + kEnd.size()};
  }

 private:
  static constexpr std::string_view kEnd = "\r\n";

  /// Bytes of most values of a field, which are then copied without a question more; 0: of any
  /// size.
  static constexpr size_t usualSizeOf(HeaderCode code) {
    constexpr size_t kUuid = 36, kRequestId = 32;
    switch (code) {
      case HeaderCode::kXConsumerId:
      case HeaderCode::kXCredentialIdentifier:
        return kUuid;
      case HeaderCode::kXKongRequestId:
        return kRequestId;
      case HeaderCode::kXForwardedProto:
        return 4;
      default:
        return 0;
    }
  }

  template <HeaderCode kCode>
  static constexpr auto kLead = [] {
    constexpr std::string_view kName = nameOf(kCode), kColon = ": ";
    std::array<char, kEnd.size() + kName.size() + kColon.size()> out{};
    char* at = out.data();
    for (std::string_view part : {kEnd, kName, kColon}) {
      for (char c : part) *at++ = c;
    }
    return out;
  }();
  template <HeaderCode kCode>
  [[gnu::always_inline]] static char* put(char* at, std::string_view value) {
    constexpr auto& kText = kLead<kCode>;
    std::memcpy(at, kText.data(), kText.size());
    at += kText.size();
    constexpr size_t kUsual = usualSizeOf(kCode);
    if (kUsual == 0 || value.size() != kUsual) return copyTo(at, value);
    std::memcpy(at, value.data(), kUsual);
    return at + kUsual;
  }

  // Lines are written with the CRLF in front that ends the line before: one copy for both.
  char* begin_;  ///< Behind the first of these.
  char* end_;    ///< In front of the CRLF of the last line.
  LineNames names_;
};

}  // namespace tollgate::http
