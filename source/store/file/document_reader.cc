#include "source/store/file/document_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

namespace tollgate::store {
namespace {

/// A syntax error on its way out of a parser.
struct Broken {
  std::string text;
  Place place;
};

/// Puts the document together from its events and hands its elements on as they are complete.
class Assembler {
 public:
  explicit Assembler(DocumentSink& sink) : sink_(sink) {}

  void openMap(Place place) { open(Json::object(), place); }
  void openList(Place place) { open(Json::array(), place); }
  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    finish(std::move(frame.value), frame.place, frame.path);
  }
  void key(std::string name, Place place) {
    Frame& frame = stack_.back();
    if (frame.seen(name)) throw Broken{"key '" + name + "' stands twice", place};
    frame.key = std::move(name);
  }
  void value(Json value, Place place) {
    count(place);
    uint64_t path = pathOfNext();
    places_.add(path, place);
    finish(std::move(value), place, path);
  }
  /// `value` where its parts stood elsewhere (an alias).
  void copy(const Json& value, Place place) { this->value(value, place); }
  /// Members of `value` that the current record does not have itself.
  void merge(const Json& value, Place place) {
    Frame& frame = stack_.back();
    if (value.is_array()) {
      for (const Json& one : value) merge(one, place);
      return;
    }
    if (!value.is_object()) throw Broken{"<< merges records only", place};
    for (const auto& [name, member] : value.items()) frame.defaults.emplace(name, member);
  }

  bool inMap() const { return !stack_.empty() && stack_.back().value.is_object(); }
  bool done() const { return done_; }
  size_t depth() const { return stack_.size(); }

 private:
  struct Frame {
    Json value;
    Place place;
    uint64_t path = Places::kRoot;
    std::string key;
    size_t index = 0;                   ///< Of the next element of a list.
    bool listing = false;               ///< Its elements are handed on, not kept.
    std::map<std::string, bool> given;  ///< Members that were handed on.
    std::map<std::string, Json> defaults;
    bool seen(const std::string& name) const {
      return value.contains(name) || given.contains(name);
    }
  };

  void count(Place place) {
    if (++values_ > kMaxItemValues) throw Broken{"too many values in one element", place};
  }

  uint64_t pathOfNext() const {
    if (stack_.empty()) return Places::kRoot;
    const Frame& frame = stack_.back();
    if (stack_.size() == 1 || frame.listing) return Places::kRoot;  // where an element begins
    return frame.value.is_array() ? Places::step(frame.path, frame.index)
                                  : Places::step(frame.path, frame.key);
  }

  void open(Json value, Place place) {
    if (stack_.size() >= kMaxDocumentDepth) throw Broken{"nested too deeply", place};
    count(place);
    Frame frame;
    frame.path = pathOfNext();
    places_.add(frame.path, place);
    frame.place = place;
    frame.listing = stack_.size() == 1 && inMap() && value.is_array();
    frame.value = std::move(value);
    stack_.push_back(std::move(frame));
  }

  void finish(Json value, Place place, uint64_t path) {
    (void)path;
    if (stack_.empty()) {
      done_ = true;
      if (!value.is_object()) sink_.notARecord(value);
      return;
    }
    Frame& parent = stack_.back();
    if (parent.listing) {
      const std::string& list = stack_[stack_.size() - 2].key;
      sink_.item(list, parent.index++, std::move(value), places_);
      startElement();
      return;
    }
    if (parent.value.is_array()) {
      parent.value.push_back(std::move(value));
      ++parent.index;
      return;
    }
    if (stack_.size() == 1) {
      parent.given[parent.key] = true;
      // The elements of a list are gone already; what tells that it was there is an empty list.
      sink_.member(parent.key, std::move(value), place);
      startElement();
      return;
    }
    parent.value[parent.key] = std::move(value);
  }

  void startElement() {
    places_.clear();
    values_ = 0;
  }

 public:
  /// Before close() of a record: what was merged in.
  void settleDefaults() {
    Frame& frame = stack_.back();
    for (auto& [name, member] : frame.defaults) {
      if (!frame.seen(name)) frame.value[name] = std::move(member);
    }
    frame.defaults.clear();
  }

 private:
  DocumentSink& sink_;
  std::vector<Frame> stack_;
  Places places_;
  size_t values_ = 0;
  bool done_ = false;
};

size_t countValues(const Json& value) {
  if (!value.is_structured()) return 1;
  size_t out = 1;
  for (const Json& part : value) out += countValues(part);
  return out;
}

/// The type of a plain scalar by YAML 1.2's core schema, as far as JSON has it.
Json plainScalar(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty() || text == "null" || text == "~" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if ((text[0] >= '0' && text[0] <= '9') || text[0] == '-') {
    Json number = Json::parse(text, nullptr, false);
    if (number.is_number()) return number;
  }
  return text;
}

class YamlEvents final : public YAML::EventHandler {
 public:
  explicit YamlEvents(DocumentSink& sink) : assembler_(sink) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (key("", mark)) return;
    take(nullptr, anchor, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (key(value, mark)) return;
    bool plain = tag == "?" || tag.empty();
    take(plain ? plainScalar(value) : Json(value), anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (isKey()) throw Broken{"a key must be a scalar", placeOf(mark)};
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Broken{"an alias within what it names, or of a list of the document", placeOf(mark)};
    }
    aliased_ += countValues(found->second);
    if (aliased_ > kMaxAliasedValues) {
      throw Broken{"too many values (aliases count as what they name)", placeOf(mark)};
    }
    if (merging()) {
      assembler_.merge(found->second, placeOf(mark));
      wantsKey_.back() = true;
      merging_.back() = false;
    } else {
      record([&](Assembler& to) { to.copy(found->second, placeOf(mark)); });
      valueDone();
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, anchor, false);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, anchor, true);
  }
  void OnMapEnd() override {
    record([](Assembler& to) { to.settleDefaults(); });
    end();
  }

  bool any() const { return any_; }
  static Place placeOf(const YAML::Mark& mark) {
    return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }

 private:
  /// Gathers the value of an anchor beside the document.
  struct Recording final : DocumentSink {
    explicit Recording(YAML::anchor_t anchor, size_t depth)
        : anchor(anchor), depth(depth), assembler(*this) {
      assembler.openMap({});
      assembler.key("", {});
      assembler.openMap({});
      assembler.key("", {});
    }
    void member(const std::string&, Json v, Place) override { value = std::move(v[""]); }
    void item(const std::string&, size_t, Json, const Places&) override {}
    void notARecord(const Json&) override {}
    YAML::anchor_t anchor;
    size_t depth;  ///< Of the anchored collection in the document.
    Assembler assembler;
    Json value;
  };

  template <typename Event>
  void record(Event event) {
    event(assembler_);
    for (auto& recording : recordings_) event(recording->assembler);
  }

  bool isKey() const { return !wantsKey_.empty() && isMap_.back() && wantsKey_.back(); }
  bool merging() const { return !merging_.empty() && merging_.back(); }

  bool key(const std::string& name, const YAML::Mark& mark) {
    any_ = true;
    if (!isKey()) return false;
    wantsKey_.back() = false;
    if (name == "<<") {
      merging_.back() = true;
      return true;
    }
    record([&](Assembler& to) { to.key(name, placeOf(mark)); });
    return true;
  }

  void take(Json value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (merging()) throw Broken{"<< merges records only", placeOf(mark)};
    if (anchor != 0) anchors_[anchor] = value;
    record([&](Assembler& to) { to.value(value, placeOf(mark)); });
    valueDone();
  }

  void valueDone() {
    if (!isMap_.empty() && isMap_.back()) wantsKey_.back() = true;
  }

  void start(const YAML::Mark& mark, YAML::anchor_t anchor, bool map) {
    any_ = true;
    if (isKey()) throw Broken{"a key must be a scalar", placeOf(mark)};
    if (merging()) throw Broken{"<< merges aliases only", placeOf(mark)};
    record([&](Assembler& to) { map ? to.openMap(placeOf(mark)) : to.openList(placeOf(mark)); });
    if (anchor != 0 && isMap_.size() > 0) {
      recordings_.push_back(std::make_unique<Recording>(anchor, isMap_.size()));
      Assembler& to = recordings_.back()->assembler;
      map ? to.openMap({}) : to.openList({});
    }
    isMap_.push_back(map);
    wantsKey_.push_back(map);
    merging_.push_back(false);
  }

  void end() {
    record([](Assembler& to) { to.close(); });
    isMap_.pop_back();
    wantsKey_.pop_back();
    merging_.pop_back();
    while (!recordings_.empty() && recordings_.back()->depth == isMap_.size()) {
      auto done = std::move(recordings_.back());
      recordings_.pop_back();
      done->assembler.close();
      anchors_[done->anchor] = std::move(done->value);
    }
    valueDone();
  }

  Assembler assembler_;
  std::vector<bool> isMap_, wantsKey_, merging_;
  std::vector<std::unique_ptr<Recording>> recordings_;
  std::map<YAML::anchor_t, Json> anchors_;
  size_t aliased_ = 0;
  bool any_ = false;
};

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

class JsonEvents final : public nlohmann::json_sax<Json> {
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

Error syntax(const std::string& text, Place place) {
  return Error::invalid(text, fmt::format("{}:{}", place.line, place.column));
}

}  // namespace

uint64_t Places::step(uint64_t path, std::string_view name) {
  uint64_t hash = path;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash * 0xff51afd7ed558ccd + 1;
}

uint64_t Places::step(uint64_t path, size_t index) {
  return (path ^ (index + 0x51ed27)) * 0xc4ceb9fe1a85ec53 + 2;
}

Place Places::find(const Path& path) const {
  std::vector<uint64_t> hashes{kRoot};
  for (const PathStep& one : path) {
    const auto* name = std::get_if<std::string>(&one);
    hashes.push_back(name != nullptr ? step(hashes.back(), *name)
                                     : step(hashes.back(), std::get<size_t>(one)));
  }
  for (auto hash = hashes.rbegin(); hash != hashes.rend(); ++hash) {
    for (const Entry& entry : entries_) {
      if (entry.path == *hash) return entry.place;
    }
  }
  return {};
}

TextSource TextSource::file(const std::string& path) {
  TextSource out;
  out.name = path;
  out.open = [path]() -> Result<std::unique_ptr<std::istream>> {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      return Error::unavailable(path + " is a folder; name a file");
    }
    auto in = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (!*in) return Error::unavailable("cannot read " + path + ": " + std::strerror(errno));
    return std::unique_ptr<std::istream>(std::move(in));
  };
  return out;
}

TextSource TextSource::text(std::string name, std::string_view text) {
  TextSource out;
  out.name = std::move(name);
  out.open = [text]() -> Result<std::unique_ptr<std::istream>> {
    return std::unique_ptr<std::istream>(std::make_unique<std::istringstream>(std::string(text)));
  };
  return out;
}

Status readDocument(std::istream& in, DocumentSink& sink, bool asJson) {
  try {
    if (asJson) {
      Place place{1, 0};
      JsonEvents events(sink, place);
      Json::sax_parse(CountingIterator(in.rdbuf(), &place), CountingIterator(), &events);
    } else {
      YamlEvents events(sink);
      YAML::Parser parser(in);
      parser.HandleNextDocument(events);
      if (!events.any()) sink.notARecord(nullptr);
    }
  } catch (const Broken& broken) {
    return syntax(broken.text, broken.place);
  } catch (const YAML::Exception& error) {
    return syntax(error.msg, YamlEvents::placeOf(error.mark));
  } catch (const std::exception& error) {
    return Error::invalid(error.what());
  }
  if (in.bad()) return Error::unavailable("cannot read on");
  return {};
}

}  // namespace tollgate::store
