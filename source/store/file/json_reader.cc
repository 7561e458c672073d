#include "source/store/file/json_reader.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "source/store/file/assembler.h"

namespace tollgate::store {
namespace {

/// Characters of a stream that know where they stand.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CountingIterator() = default;
  CountingIterator(std::streambuf* in, Place* place) : at_(in), place_(place) {}
  char operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') {
      ++place_->line;
      place_->column = 0;
    } else {
      ++place_->column;
    }
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return !(*this == other); }

 private:
  std::istreambuf_iterator<char> at_;
  Place* place_ = nullptr;
};

class JsonEvents final : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonEvents(DocumentSink& sink, const Place& place) : assembler_(sink), place_(place) {}

  bool null() override { return take(nullptr); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(number_integer_t value) override { return take(value); }
  bool number_unsigned(number_unsigned_t value) override { return take(value); }
  bool number_float(number_float_t value, const string_t&) override { return take(value); }
  bool string(string_t& value) override { return take(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    assembler_.openMap(place_);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override {
    assembler_.openList(place_);
    return true;
  }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    assembler_.key(std::move(name), place_);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    throw Broken{"not valid JSON", place_};
  }

 private:
  bool take(Json value) {
    assembler_.value(std::move(value), place_);
    return true;
  }
  bool close() {
    assembler_.close();
    return true;
  }

  Assembler assembler_;
  const Place& place_;
};

}  // namespace

void readJsonDocument(std::istream& in, DocumentSink& sink) {
  Place place{1, 0};
  JsonEvents events(sink, place);
  nlohmann::json::sax_parse(CountingIterator(in.rdbuf(), &place), CountingIterator(), &events);
}

}  // namespace tollgate::store
