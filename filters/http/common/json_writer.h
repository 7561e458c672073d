#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/utf8.h"

namespace tollgate::filters {

/// Writes JSON to the end of a text, a value at a time; puts the commas itself. Bytes that are not
/// UTF-8 become U+FFFD.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& key(std::string_view name) {
    value(name);
    out_ += ':';
    fresh_ = true;
    return *this;
  }
  void open(char bracket) {
    comma();
    out_ += bracket;
    fresh_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    fresh_ = false;
  }
  void value(std::string_view text) {
    comma();
    out_ += '"';
    for (size_t i = 0; i < text.size();) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte >= 0x80) {
        const size_t size = utf8Length(text.substr(i));
        out_ += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(i, size);
        i += size == 0 ? 1 : size;
        continue;
      }
      escaped(byte);
      ++i;
    }
    out_ += '"';
  }
  void number(int64_t number) { raw(std::to_string(number)); }
  /// What is JSON already.
  void raw(std::string_view json) {
    comma();
    out_ += json;
  }

 private:
  void comma() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }
  void escaped(unsigned char byte) {
    constexpr char kHex[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
      out_ += '\\';
      out_ += static_cast<char>(byte);
    } else if (byte < 0x20 || byte == 0x7f) {
      out_ += "\\u00";
      out_ += kHex[byte >> 4];
      out_ += kHex[byte & 15];
    } else {
      out_ += static_cast<char>(byte);
    }
  }

  std::string& out_;
  bool fresh_ = true;  ///< Nothing stands before the next value on its level.
};

}  // namespace tollgate::filters
