#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/store/file/assembler.h"
#include "source/store/file/yaml_scalar.h"

namespace tollgate::store {

/// Where a mark of yaml-cpp, which counts from 0, stands.
inline Place placeOf(const YAML::Mark& mark) {
  return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
}

/// Gathers the value of an anchor, or of an inline `<<`, beside the document.
struct Recording final : DocumentSink {
  Recording(YAML::anchor_t anchor, size_t depth) : anchor(anchor), depth(depth), assembler(*this) {
    assembler.openMap({});
    assembler.key("", {});
    assembler.openMap({});
    assembler.key("", {});
  }
  void member(const std::string&, Json v, Place) override { value = std::move(v[""]); }
  void item(const std::string&, size_t, Json, const Places&) override {}
  void notARecord(const Json&) override {}
  void warning(const std::string&, Place) override {}

  YAML::anchor_t anchor;
  size_t depth;  ///< Of the collection in the document.
  Assembler assembler;
  Json value;
};

/// Takes the events of one YAML document: anchors, aliases, `<<`, types of scalars. Throws Broken.
/// Lifetime: of one reading; the sink must outlive it.
class YamlEvents final : public YAML::EventHandler {
 public:
  explicit YamlEvents(DocumentSink& sink) : assembler_(sink) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // Where the parser does not get on, another document seems to begin at the same place for ever.
    if (++documents_ > 1 && mark.pos == begin_) {
      throw Broken{"what stands here belongs to nothing", placeOf(mark)};
    }
    begin_ = mark.pos;
    if (documents_ > 1) later_ = placeOf(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (later_.line > 0) return;  // an empty document, as a marker at the end makes it
    if (key("", mark)) return;
    take(nullptr, false, anchor, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuseLater();
    if (key(value, mark)) return;
    const bool plain = tag == "?" || tag.empty();
    Json typed = plain ? plainScalar(value) : Json(value);
    take(typed, plain && typed.is_string() && isLooseScalar(value), anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuseLater();
    if (isKey()) throw Broken{"a key must be a scalar", placeOf(mark)};
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Broken{"an alias within what it names, or of a list of the document", placeOf(mark)};
    }
    spend(countValues(found->second), mark);
    if (merging()) {
      merge(found->second, mark);
    } else {
      record(mark, [&](Assembler& to) { to.copy(found->second, placeOf(mark)); });
      valueDone();
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, anchor, false);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    if (isKey() && style == YAML::EmitterStyle::Flow) {
      throw Broken{
          "a key must be a scalar; '{{ … }}' looks like a placeholder, and nothing is "
          "replaced here",
          placeOf(mark)};
    }
    start(mark, anchor, true);
  }
  void OnMapEnd() override { end(); }

  bool any() const { return any_; }

 private:
  /// Where events go: the document, or an inline `<<` within it.
  struct Level {
    std::unique_ptr<Recording> merged;  ///< Of an inline `<<`; null for the document.
    std::vector<std::unique_ptr<Recording>> anchored;  ///< Those that began here.
  };

  void refuseLater() const {
    if (later_.line == 0) return;
    throw Broken{
        "a second document begins; a declarative file is one document: merge them, or "
        "import one after the other",
        later_};
  }

  /// Values beside those that the text holds once.
  void spend(size_t values, const YAML::Mark& mark) {
    spent_ += values;
    if (spent_ <= kMaxAliasedValues) return;
    throw Broken{"too many values (anchors and aliases count as what they name)", placeOf(mark)};
  }

  template <typename Event>
  void record(const YAML::Mark& mark, Event event) {
    Level& level = levels_.back();
    if (!level.anchored.empty()) spend(level.anchored.size(), mark);
    event(level.merged != nullptr ? level.merged->assembler : assembler_);
    for (auto& recording : level.anchored) event(recording->assembler);
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
    record(mark, [&](Assembler& to) { to.key(name, placeOf(mark)); });
    return true;
  }

  void merge(const Json& value, const YAML::Mark& mark) {
    record(mark, [&](Assembler& to) { to.merge(value, placeOf(mark)); });
    merging_.back() = false;
    valueDone();
  }

  void take(const Json& value, bool loose, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (merging()) throw Broken{"<< merges records only", placeOf(mark)};
    if (anchor != 0) {
      spend(1, mark);
      anchors_[anchor] = loose ? looseMark(value.get_ref<const std::string&>()) : value;
    }
    record(mark, [&](Assembler& to) {
      if (loose) {
        to.looseValue(value.get_ref<const std::string&>(), placeOf(mark));
      } else {
        to.value(value, placeOf(mark));
      }
    });
    valueDone();
  }

  void valueDone() {
    if (!isMap_.empty() && isMap_.back()) wantsKey_.back() = true;
  }

  void start(const YAML::Mark& mark, YAML::anchor_t anchor, bool map) {
    refuseLater();
    any_ = true;
    last_ = mark;
    auto open = [&](Assembler& to, Place place) { map ? to.openMap(place) : to.openList(place); };
    if (isKey()) throw Broken{"a key must be a scalar", placeOf(mark)};
    if (merging()) {
      levels_.emplace_back().merged = std::make_unique<Recording>(0, isMap_.size());
    }
    record(mark, [&](Assembler& to) { open(to, placeOf(mark)); });
    if (anchor != 0 && !isMap_.empty()) {
      levels_.back().anchored.push_back(std::make_unique<Recording>(anchor, isMap_.size()));
      open(levels_.back().anchored.back()->assembler, {});
    }
    isMap_.push_back(map);
    wantsKey_.push_back(map);
    merging_.push_back(false);
  }

  void end() {
    record(last_, [](Assembler& to) { to.close(); });
    isMap_.pop_back();
    wantsKey_.pop_back();
    merging_.pop_back();
    auto& anchored = levels_.back().anchored;
    while (!anchored.empty() && anchored.back()->depth == isMap_.size()) {
      auto done = std::move(anchored.back());
      anchored.pop_back();
      done->assembler.close();
      anchors_[done->anchor] = std::move(done->value);
    }
    Level& level = levels_.back();
    if (level.merged == nullptr || level.merged->depth != isMap_.size()) return valueDone();
    auto done = std::move(level.merged);
    levels_.pop_back();
    done->assembler.close();
    merge(done->value, last_);
  }

  Assembler assembler_;
  std::vector<Level> levels_{1};
  std::vector<bool> isMap_, wantsKey_, merging_;
  std::map<YAML::anchor_t, Json> anchors_;
  size_t spent_ = 0;
  bool any_ = false;
  size_t documents_ = 0;
  int begin_ = -1;  ///< Of the document, in characters.
  Place later_;     ///< Where another document begins.
  YAML::Mark last_;
};

}  // namespace tollgate::store
