#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/result.h"
#include "source/schema/entity_schema.h"

namespace tollgate::store {

/// Where something stands in a file; both count from 1, 0 is nowhere.
struct Place {
  uint32_t line = 0, column = 0;
};

/// A member name or an index (from 0).
using PathStep = std::variant<std::string, size_t>;
using Path = std::vector<PathStep>;

/// Where the parts of one value stand: a few bytes for each, looked up only for errors.
class Places {
 public:
  void add(uint64_t path, Place place) { entries_.push_back({path, place}); }
  /// Of the part at `path` below the value, or of the nearest part around it.
  Place find(const Path& path) const;
  /// Whether the text there may stand for a boolean or a number of YAML 1.1 (`yes`, `0x1F`).
  bool isLoose(const Path& path) const;
  bool anyLoose() const { return !loose_.empty(); }
  void addLoose(uint64_t path) { loose_.push_back(path); }
  void clear() {
    entries_.clear();
    loose_.clear();
  }

  static constexpr uint64_t kRoot = 0x9e3779b97f4a7c15;
  static uint64_t step(uint64_t path, std::string_view name);
  static uint64_t step(uint64_t path, size_t index);

 private:
  struct Entry {
    uint64_t path;
    Place place;
  };
  std::vector<Entry> entries_;
  std::vector<uint64_t> loose_;
};

/// A declarative text that can be read more than once.
struct TextSource {
  std::string name;  ///< For errors: the file's path, or what the text is.
  std::function<Result<std::unique_ptr<std::istream>>()> open;

  static TextSource file(const std::string& path);
  /// `text` must outlive the source.
  static TextSource text(std::string name, std::string_view text);
};

/// Takes what a DocumentReader finds, in the order of the file.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  /// A member of the document that is no list of records.
  virtual void member(const std::string& name, Json value, Place place) = 0;
  /// An element of the list `name` of the document. `places` is of this element only.
  virtual void item(const std::string& name, size_t index, Json value, const Places& places) = 0;
  /// The document is no record (which then is all that is told of it).
  virtual void notARecord(const Json& value) = 0;
  /// Something that changes nothing, but is hardly meant.
  virtual void warning(const std::string& text, Place place) = 0;
};

/// How much one element may hold; what is larger is refused with its place.
constexpr size_t kMaxDocumentDepth = 64;
constexpr size_t kMaxItemValues = 1000000;
/// How many values all anchors and aliases of a YAML text may add up to.
constexpr size_t kMaxAliasedValues = 1000000;

/// How a text is read.
enum class TextForm {
  kJson,
  kPlainYaml,  ///< YAML as most files have it; see plain_yaml_reader.h.
  kYaml,
};

/// Reads a text element by element, so that a large one never stands in memory as a whole. False
/// where the text is not of the form but may be of another one (JSON, plain YAML): what the sink
/// was given is void then. Errors are of syntax: kInvalid with "line:column" as place; kUnavailable
/// if the text cannot be read.
Result<bool> readDocument(std::istream& in, DocumentSink& sink, TextForm form);

}  // namespace tollgate::store
