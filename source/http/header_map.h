#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "source/base/arena.h"
#include "source/base/decimal.h"
#include "source/http/header_code.h"
#include "source/http/line_block.h"

namespace tollgate::http {

/// A header field. Views point into a pinned slab or into the arena of the exchange.
struct Header {
  const char* nameData;
  const char* valueData;
  uint32_t valueSize;
  uint16_t nameSize;
  HeaderCode code;
  uint8_t flags;
  static constexpr uint8_t kRemoved = 1;
  static constexpr uint8_t kChecked = 2;  ///< Name and value are known to be well-formed.
  static constexpr uint8_t kLine = 4;     ///< Name, ": ", value, CRLF: one piece from the name on.
  static constexpr uint8_t kBlock = 8;    ///< Several lines in one piece: see pieces().
  bool removed() const { return (flags & kRemoved) != 0; }
  bool checked() const { return (flags & kChecked) != 0; }
  bool line() const { return (flags & kLine) != 0; }
  std::string_view name() const { return {nameData, nameSize}; }
  std::string_view value() const { return {valueData, valueSize}; }
  /// Bytes of the field as a line of HTTP/1.
  size_t lineBytes() const { return size_t{nameSize} + valueSize + 4; }
};

/// Header fields in order, repeated names kept. Names are compared in any case. Lives in the arena
/// of one exchange; does not copy what it is given: copy into the arena what does not live as long.
class HeaderMap {
 public:
  explicit HeaderMap(Arena& arena) : arena_(&arena) {}

  Arena& arena() { return *arena_; }
  /// Makes this a copy of `other`, whose names and values it then shares; edits of either leave the
  /// other as it is. Both live in the same arena.
  void assign(const HeaderMap& other);
  void clear() {
    count_ = 0;
    hidden_ = 0;
    present_ = otherSizes_ = lineBytes_ = 0;
    blockCodes_ = blockSizes_ = 0;
    entries_ = nullptr;
    capacity_ = 0;
  }

  void add(std::string_view name, std::string_view value) { add(codeOf(name), name, value); }
  void add(HeaderCode code, std::string_view value) { add(code, nameOf(code), value); }
  void add(HeaderCode code, std::string_view name, std::string_view value) {
    append(field(code, name, value));
  }
  /// What is known to be well-formed is not looked at again when it is written. `line`: see Header.
  void addChecked(HeaderCode code, std::string_view name, std::string_view value,
                  bool line = false) {
    append(checkedField(code, name, value, line));
  }

  /// Adds the lines as one entry, until one of them is asked for. None of their names may be there.
  void add(const LineBlock& block) {
    const LineNames& names = block.names();
    if (names.count == 0) return;
    const std::string_view text = block.text();
    Header& entry = place();
    entry.nameData = text.data();
    entry.valueData = nullptr;
    entry.valueSize = static_cast<uint32_t>(text.size() - 4);
    entry.nameSize = 0;
    entry.code = HeaderCode::kOther;
    entry.flags = kBlockFlags;
    lineBytes_ += text.size();
    hidden_ -= names.count - 1;
    present_ |= names.codes;
    otherSizes_ |= names.otherSizes;
    blockCodes_ |= names.codes;
    blockSizes_ |= names.otherSizes;
  }

  /// True if a field with one of these codes (bits) was added; it may have been removed since.
  bool hasAny(uint64_t codes) const { return (present_ & codes) != 0; }
  /// False if none of these names is there.
  bool mayHave(const LineNames& names) const {
    constexpr uint64_t kOther = bitOf(HeaderCode::kOther);
    return ((present_ & names.codes & ~kOther) | (otherSizes_ & names.otherSizes)) != 0;
  }
  bool has(HeaderCode code) const { return (present_ >> static_cast<int>(code)) & 1; }
  /// The first field of that name, or nullptr. Codes other than kOther only.
  const Header* find(HeaderCode code) const {
    if (!has(code)) return nullptr;
    if (inBlock(bitOf(code))) unfold();
    for (const Header *h = entries_, *end = entries_ + count_; h != end; ++h) {
      if (h->code == code && !h->removed()) return h;
    }
    return nullptr;
  }
  const Header* find(std::string_view name) const;
  /// The next field of the same name as `field`, which is one of this map; nullptr if it is the
  /// last.
  const Header* next(const Header& field) const {
    for (const Header *h = &field + 1, *end = entries_ + count_; h != end; ++h) {
      if (h->code != field.code || h->removed()) continue;
      if (h->code != HeaderCode::kOther || equalsIgnoreCase(h->name(), field.name())) return h;
    }
    return nullptr;
  }
  /// The first value, or "" if there is none.
  std::string_view get(HeaderCode code) const {
    const Header* header = find(code);
    return header ? header->value() : std::string_view();
  }
  std::string_view get(std::string_view name) const {
    const Header* header = find(name);
    return header ? header->value() : std::string_view();
  }

  /// The values of all fields of the name as one list (RFC 9110 section 5.3); "" if there is none.
  std::string_view joined(std::string_view name) const;

  /// Replaces all fields of the name by one (in the place of the first), or adds it.
  void set(HeaderCode code, std::string_view value) { put(field(code, nameOf(code), value)); }
  void set(std::string_view name, std::string_view value) {
    putNamed(field(codeOf(name), name, value));
  }
  /// The same for a value that is known to be well-formed.
  void setChecked(HeaderCode code, std::string_view value) {
    put(checkedField(code, nameOf(code), value, false));
  }
  void setChecked(std::string_view name, std::string_view value) {
    putNamed(checkedField(codeOf(name), name, value, false));
  }
  /// The same for a whole line: "Name: value\r\n", the name in its usual spelling.
  void setLine(HeaderCode code, std::string_view line) {
    put(wholeLine(code, nameOf(code).size(), line));
  }
  /// The same for a well-formed value that is copied into the arena as a whole line: those that are
  /// set one after the other leave in one piece. Inlined, since callers know the code: its name is
  /// then a constant.
  [[gnu::always_inline]] void setCopied(HeaderCode code, std::string_view value) {
    setLine(code, makeLine(code, value));
  }
  [[gnu::always_inline]] void setNumber(HeaderCode code, int64_t value) {
    setCopied(code, Decimal(value).text());
  }
  void remove(HeaderCode code) {
    if (has(code)) removeAll(code);
  }
  void remove(std::string_view name);
  /// The same for a name without a code.
  void removeOther(std::string_view name) {
    if ((otherSizes_ & sizeBitOf(name.size())) != 0) removeAllOther(name);
  }
  void removeEntry(Header& header);

  /// Number of live fields.
  size_t size() const { return count_ - hidden_; }
  /// At least the bytes of all live fields as lines of HTTP/1.
  size_t lineBytes() const { return lineBytes_; }

  /// Calls `each(Header&)` for every live field in order.
  template <typename F>
  void forEach(F&& each) {
    if (hasBlocks()) unfold();
    for (size_t i = 0; i < count_; ++i) {
      if (!entries_[i].removed()) each(entries_[i]);
    }
  }
  template <typename F>
  void forEach(F&& each) const {
    for (const Header& entry : pieces()) {
      if (entry.removed()) continue;
      if ((entry.flags & Header::kBlock) == 0) {
        each(entry);
      } else {
        forEachLine(entry, each);
      }
    }
  }
  /// For writers: the entries as they are. Removed ones are among them, and blocks, which have code
  /// kOther, no name, and lineBytes() of text from nameData on.
  std::span<const Header> pieces() const { return {entries_, count_}; }
  /// Those of `codes` that a block has.
  uint64_t inBlock(uint64_t codes) const { return blockCodes_ & codes; }
  /// Makes single fields of all blocks.
  void unfold() const;

 private:
  static Header field(HeaderCode code, std::string_view name, std::string_view value) {
    return {name.data(),
            value.data(),
            static_cast<uint32_t>(value.size()),
            static_cast<uint16_t>(name.size()),
            code,
            0};
  }
  static Header checkedField(HeaderCode code, std::string_view name, std::string_view value,
                             bool line) {
    Header out = field(code, name, value);
    out.flags = line ? kLineFlags : Header::kChecked;
    return out;
  }
  static Header wholeLine(HeaderCode code, size_t nameSize, std::string_view line) {
    return checkedField(code, line.substr(0, nameSize),
                        {line.data() + nameSize + 2, line.size() - nameSize - 4}, true);
  }
  [[gnu::always_inline]] std::string_view makeLine(HeaderCode code, std::string_view value) {
    std::string_view name = nameOf(code);
    size_t size = name.size() + value.size() + 4;
    char* line = arena_->chars(size);
    std::memcpy(line, name.data(), name.size());
    std::memcpy(line + name.size(), ": ", 2);
    std::memcpy(copyTo(line + name.size() + 2, value), "\r\n", 2);
    return {line, size};
  }
  static constexpr uint8_t kLineFlags = Header::kChecked | Header::kLine;
  static constexpr uint8_t kBlockFlags = kLineFlags | Header::kBlock;
  /// The field of the line at the front of `text`, which is taken off it.
  static Header takeLine(std::string_view& text);
  template <typename F>
  static void forEachLine(const Header& block, F& each) {
    std::string_view text(block.nameData, block.lineBytes());
    while (!text.empty()) {
      const Header one = takeLine(text);
      each(one);
    }
  }
  bool hasBlocks() const { return (blockCodes_ | blockSizes_) != 0; }
  void unfold(std::string_view name) const {
    if ((blockSizes_ & sizeBitOf(name.size())) != 0) unfold();
  }

  void grow();
  const Header* findOther(std::string_view name) const;
  void put(const Header& field) { has(field.code) ? replace(field) : append(field); }
  void putNamed(const Header& field) {
    field.code != HeaderCode::kOther ? put(field) : putOther(field);
  }
  void putOther(const Header& field) {
    (otherSizes_ & sizeBitOf(field.nameSize)) != 0 ? replaceOther(field) : append(field);
  }
  void replaceOther(const Header& field);
  void replace(const Header& field);
  void overwrite(Header& place, const Header& field);
  void removeAll(HeaderCode code);
  void removeAllOther(std::string_view name);
  Header& place() {
    if (count_ == capacity_) grow();
    return entries_[count_++];
  }
  void append(const Header& field) {
    place() = field;
    lineBytes_ += field.lineBytes();
    present_ |= bitOf(field.code);
    if (field.code == HeaderCode::kOther) otherSizes_ |= sizeBitOf(field.nameSize);
  }

  Arena* arena_;
  Header* entries_ = nullptr;
  uint32_t count_ = 0;
  uint32_t hidden_ = 0;  ///< Entries that count less than one field: removed. Blocks count more.
  uint32_t capacity_ = 0;
  size_t lineBytes_ = 0;
  uint64_t present_ = 0;
  uint64_t otherSizes_ = 0;  ///< sizeBitOf() of the names without a code: most look-ups end here.
  uint64_t blockCodes_ = 0;  ///< What of present_ stands in blocks, or stood there.
  uint64_t blockSizes_ = 0;
};

}  // namespace tollgate::http
