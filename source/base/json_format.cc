#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "source/base/json.h"

/// JSON as text and as CBOR: nlohmann/json reads and writes both.
namespace tollgate {
namespace {

using Library = nlohmann::json;

/// Puts what the library reads together.
class Builder {
 public:
  using number_integer_t = int64_t;
  using number_unsigned_t = uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = Library::binary_t;

  bool null() { return take(nullptr); }
  bool boolean(bool value) { return take(value); }
  bool number_integer(int64_t value) { return take(value); }
  bool number_unsigned(uint64_t value) { return take(value); }
  bool number_float(double value, const std::string&) { return take(value); }
  bool string(std::string& value) { return take(std::move(value)); }
  bool binary(binary_t& value) {
    return take(Json::binary(std::string(value.begin(), value.end())));
  }
  bool start_object(size_t) { return open(Json::object()); }
  bool start_array(size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    member_ = &(*open_.back())[name];
    return true;
  }
  bool parse_error(size_t, const std::string&, const Library::exception& error) {
    problem_ = error.what();
    return false;
  }

  Json take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

 private:
  Json* put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    *member_ = std::move(value);
    return member_;
  }
  bool take(Json value) {
    put(std::move(value));
    return true;
  }
  bool open(Json container) {
    open_.push_back(put(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;
  Json* member_ = nullptr;
  std::string problem_;
};

class Writer {
 public:
  Writer(int indent, char indentBy, bool ascii, Json::error_handler_t notUtf8)
      : step_(indent < 0 ? 0 : static_cast<size_t>(indent)),
        pretty_(indent >= 0),
        by_(indentBy),
        ascii_(ascii),
        notUtf8_(notUtf8) {}

  void write(const Json& value, size_t depth) {
    switch (value.type()) {
      case Json::value_t::object:
        return object(value, depth);
      case Json::value_t::array:
        return array(value, depth);
      case Json::value_t::string:
        return text(value.get_ref<const std::string&>());
      case Json::value_t::boolean:
        out_ += value.get<bool>() ? "true" : "false";
        return;
      case Json::value_t::number_integer:
        return integer(value.get<int64_t>());
      case Json::value_t::number_unsigned:
        return integer(value.get<uint64_t>());
      case Json::value_t::number_float:
        return real(value.get<double>());
      case Json::value_t::null:
        out_ += "null";
        return;
      case Json::value_t::binary:
        return binary(value, depth);
      case Json::value_t::discarded:
        out_ += "<discarded>";
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void line(size_t depth) {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(depth * step_, by_);
  }
  void object(const Json& value, size_t depth) {
    if (value.empty()) {
      out_ += "{}";
      return;
    }
    out_ += '{';
    bool first = true;
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      text(name);
      out_ += pretty_ ? ": " : ":";
      write(member, depth + 1);
    }
    line(depth);
    out_ += '}';
  }
  void array(const Json& value, size_t depth) {
    if (value.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    bool first = true;
    for (const Json& item : value.get_ref<const Json::array_t&>()) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      write(item, depth + 1);
    }
    line(depth);
    out_ += ']';
  }
  /// As the library writes it: {"bytes":[1,2],"subtype":null}.
  void binary(const Json& value, size_t depth) {
    Json bytes = Json::array();
    for (const char c : value.get_binary()) bytes.push_back(static_cast<unsigned char>(c));
    write({{"bytes", std::move(bytes)}, {"subtype", nullptr}}, depth);
  }
  void text(const std::string& value) {
    for (const char c : value) {
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return escaped(value);
    }
    out_ += '"';
    out_ += value;
    out_ += '"';
  }
  void escaped(const std::string& value) {
    try {
      out_ += Library(value).dump(-1, ' ', ascii_,
                                  notUtf8_ == Json::error_handler_t::replace
                                      ? Library::error_handler_t::replace
                                      : Library::error_handler_t::strict);
    } catch (const Library::exception& error) {
      throw JsonError(error.what());
    }
  }
  template <class T>
  void integer(T value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_.append(digits.data(), end);
  }
  void real(double value) { out_ += Library(value).dump(); }

  std::string out_;
  const size_t step_;
  const bool pretty_;
  const char by_;
  const bool ascii_;
  const Json::error_handler_t notUtf8_;
};

Library asLibrary(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: {
      Library out = Library::object();
      for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
        out.emplace(name, asLibrary(member));
      }
      return out;
    }
    case Json::value_t::array: {
      Library out = Library::array();
      for (const Json& item : value.get_ref<const Json::array_t&>()) {
        out.push_back(asLibrary(item));
      }
      return out;
    }
    case Json::value_t::string:
      return value.get_ref<const std::string&>();
    case Json::value_t::boolean:
      return value.get<bool>();
    case Json::value_t::number_integer:
      return value.get<int64_t>();
    case Json::value_t::number_unsigned:
      return value.get<uint64_t>();
    case Json::value_t::number_float:
      return value.get<double>();
    case Json::value_t::binary: {
      const std::string& bytes = value.get_binary();
      return Library::binary({bytes.begin(), bytes.end()});
    }
    case Json::value_t::discarded:
      return Library(Library::value_t::discarded);
    case Json::value_t::null:
      break;
  }
  return nullptr;
}

}  // namespace

Json Json::parse(std::string_view text, std::nullptr_t, bool throws) {
  Builder builder;
  if (Library::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  if (throws) throw JsonError(builder.problem());
  return Json(value_t::discarded);
}

Json Json::parse(std::string_view text) { return parse(text, nullptr, true); }

std::string Json::dump(int indent, char indentBy, bool ascii, error_handler_t notUtf8) const {
  Writer writer(indent, indentBy, ascii, notUtf8);
  writer.write(*this, 0);
  return writer.take();
}

std::vector<uint8_t> Json::to_cbor(const Json& value) { return Library::to_cbor(asLibrary(value)); }

Json Json::from_cbor(const std::vector<uint8_t>& bytes) {
  Builder builder;
  if (!Library::sax_parse(bytes, &builder, Library::input_format_t::cbor)) {
    throw JsonError(builder.problem());
  }
  return builder.take();
}

std::ostream& Json::print(std::ostream& out) const { return out << dump(); }

}  // namespace tollgate
