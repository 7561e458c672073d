#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/arena.h"
#include "source/http/header_code.h"

namespace tollgate::http {

/// A header field. Views point into a pinned slab or into the arena of the exchange.
struct Header {
  const char* nameData;
  const char* valueData;
  uint32_t valueSize;
  uint16_t nameSize;
  HeaderCode code;
  bool removed : 1;
  bool checked : 1;  ///< Name and value are known to be well-formed.
  bool line : 1;     ///< Name, ": ", value and CRLF stand in one piece from the name on.
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
  void clear() {
    count_ = live_ = 0;
    present_ = otherSizes_ = lineBytes_ = 0;
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

  /// True if a field with one of these codes (bits) was added; it may have been removed since.
  bool hasAny(uint64_t codes) const { return (present_ & codes) != 0; }
  bool has(HeaderCode code) const { return (present_ >> static_cast<int>(code)) & 1; }
  /// The first field of that name, or nullptr. Codes other than kOther only.
  const Header* find(HeaderCode code) const {
    if (!has(code)) return nullptr;
    for (const Header *h = entries_, *end = entries_ + count_; h != end; ++h) {
      if (h->code == code && !h->removed) return h;
    }
    return nullptr;
  }
  const Header* find(std::string_view name) const;
  /// The first value, or "" if there is none.
  std::string_view get(HeaderCode code) const {
    const Header* header = find(code);
    return header ? header->value() : std::string_view();
  }
  std::string_view get(std::string_view name) const {
    const Header* header = find(name);
    return header ? header->value() : std::string_view();
  }

  /// Replaces all fields of the name by one (in the place of the first), or adds it.
  void set(HeaderCode code, std::string_view value) { put(field(code, nameOf(code), value)); }
  void set(std::string_view name, std::string_view value) {
    put(name, field(codeOf(name), name, value));
  }
  /// The same for a value that is known to be well-formed.
  void setChecked(HeaderCode code, std::string_view value) {
    put(checkedField(code, nameOf(code), value, false));
  }
  void setChecked(std::string_view name, std::string_view value) {
    put(name, checkedField(codeOf(name), name, value, false));
  }
  /// The same for a whole line: "Name: value\r\n", the name in its usual spelling.
  void setLine(HeaderCode code, std::string_view line) {
    size_t name = nameOf(code).size();
    put(checkedField(code, line.substr(0, name), line.substr(name + 2, line.size() - name - 4),
                     true));
  }
  /// The same for a well-formed value that is copied into the arena as a whole line: those that are
  /// set one after the other leave in one piece.
  void setCopied(HeaderCode code, std::string_view value) { setLine(code, makeLine(code, value)); }
  void setNumber(HeaderCode code, int64_t value);
  void remove(HeaderCode code) {
    if (has(code)) removeAll(code);
  }
  void remove(std::string_view name);
  void removeEntry(Header& header);

  /// Number of live fields.
  size_t size() const { return live_; }
  /// At least the bytes of all live fields as lines of HTTP/1.
  size_t lineBytes() const { return lineBytes_; }

  /// Calls `each(Header&)` for every live field in order.
  template <typename F>
  void forEach(F&& each) {
    for (size_t i = 0; i < count_; ++i) {
      if (!entries_[i].removed) each(entries_[i]);
    }
  }
  template <typename F>
  void forEach(F&& each) const {
    for (size_t i = 0; i < count_; ++i) {
      if (!entries_[i].removed) each(static_cast<const Header&>(entries_[i]));
    }
  }

 private:
  static Header field(HeaderCode code, std::string_view name, std::string_view value) {
    return {name.data(),
            value.data(),
            static_cast<uint32_t>(value.size()),
            static_cast<uint16_t>(name.size()),
            code,
            false,
            false,
            false};
  }
  static Header checkedField(HeaderCode code, std::string_view name, std::string_view value,
                             bool line) {
    Header out = field(code, name, value);
    out.checked = true;
    out.line = line;
    return out;
  }
  std::string_view makeLine(HeaderCode code, std::string_view value) {
    size_t size = nameOf(code).size() + value.size() + 4;
    char* line = arena_->chars(size);
    char* at = copyTo(line, nameOf(code));
    at = copyTo(at, ": ");
    at = copyTo(at, value);
    copyTo(at, "\r\n");
    return {line, size};
  }
  static uint64_t sizeBit(size_t nameSize) { return uint64_t{1} << (nameSize & 63); }

  void grow();
  const Header* findOther(std::string_view name) const;
  void put(const Header& field) { has(field.code) ? replace(field) : append(field); }
  void put(std::string_view name, const Header& field);
  void replace(const Header& field);
  void overwrite(Header& place, const Header& field);
  void removeAll(HeaderCode code);
  void append(const Header& field) {
    if (count_ == capacity_) grow();
    entries_[count_++] = field;
    ++live_;
    lineBytes_ += field.lineBytes();
    present_ |= bitOf(field.code);
    if (field.code == HeaderCode::kOther) otherSizes_ |= sizeBit(field.nameSize);
  }

  Arena* arena_;
  Header* entries_ = nullptr;
  uint32_t count_ = 0;
  uint32_t live_ = 0;
  uint32_t capacity_ = 0;
  size_t lineBytes_ = 0;
  uint64_t present_ = 0;
  uint64_t otherSizes_ = 0;  ///< sizeBit() of the names without a code: most look-ups end here.
};

}  // namespace tollgate::http
