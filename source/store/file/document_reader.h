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

using schema::Json;

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
  void clear() { entries_.clear(); }

  static constexpr uint64_t kRoot = 0x9e3779b97f4a7c15;
  static uint64_t step(uint64_t path, std::string_view name);
  static uint64_t step(uint64_t path, size_t index);

 private:
  struct Entry {
    uint64_t path;
    Place place;
  };
  std::vector<Entry> entries_;
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
};

/// How much one element may hold; what is larger is refused with its place.
constexpr size_t kMaxDocumentDepth = 64;
constexpr size_t kMaxItemValues = 1000000;
/// How many values all aliases of a YAML text may add up to.
constexpr size_t kMaxAliasedValues = 1000000;

/// Reads a YAML or JSON text element by element, so that a large one never stands in memory as a
/// whole. A text that begins with a brace is read as JSON if it is JSON. Errors are of syntax:
/// kInvalid with "line:column" as place; kUnavailable if the text cannot be read.
Status readDocument(std::istream& in, DocumentSink& sink, bool asJson);

}  // namespace tollgate::store
