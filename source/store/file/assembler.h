#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "source/store/file/document_reader.h"

namespace tollgate::store {

/// A syntax error on its way out of a parser.
struct Broken {
  std::string text;
  Place place;
};

/// Puts a document together from the events of a parser and hands the elements of its lists on as
/// they are complete. Throws Broken. Lifetime: of one reading; `sink` must outlive it.
class Assembler {
 public:
  explicit Assembler(DocumentSink& sink) : sink_(sink) {}

  void openMap(Place place) { open(Json::object(), place); }
  void openList(Place place) { open(Json::array(), place); }
  void close();
  /// The name of the next member. One that stands twice is a mistake, unless with equal values.
  void key(std::string name, Place place);
  void value(Json value, Place place);
  /// A plain scalar that YAML 1.1 takes for a boolean or a number: text, unless its field wants
  /// the other (see Places::isLoose).
  void looseValue(const std::string& text, Place place);
  /// `value` where its parts stood elsewhere (an alias).
  void copy(const Json& value, Place place);
  /// Members of `value`, a record or a list of records, that the current record does not have
  /// itself. Those that were merged before take precedence.
  void merge(const Json& value, Place place);

 private:
  struct Frame {
    Json value;
    Place place, keyPlace;
    uint64_t path = Places::kRoot;
    std::string key;
    size_t index = 0;                   ///< Of the next element of a list.
    bool listing = false;               ///< Its elements are handed on, not kept.
    bool repeated = false;              ///< The current member stands there already.
    std::map<std::string, Json> given;  ///< Members that were handed on; lists are empty here.
    std::map<std::string, Json> defaults;
    bool seen(const std::string& name) const {
      return value.contains(name) || given.contains(name);
    }
  };

  void count(Place place);
  uint64_t pathOfNext() const;
  void open(Json value, Place place);
  void finish(Json value, Place place);
  void finishMember(Frame& parent, Json value, Place place);
  void settleDefaults(Frame& frame);
  void startElement();
  void settleLoose(Json& value);

  DocumentSink& sink_;
  std::vector<Frame> stack_;
  Places places_;
  size_t values_ = 0;
  bool anyLoose_ = false;  ///< The current element may hold loose scalars.
};

/// A loose scalar (see Assembler::looseValue) where values are kept beside a document.
Json looseMark(const std::string& text);

/// How many values `value` is, itself included.
size_t countValues(const Json& value);

}  // namespace tollgate::store
