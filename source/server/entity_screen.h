#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "source/store/store.h"

namespace tollgate::server {

/// Keeps what this program cannot read away from the compiler, and remembers it by name: rows that
/// are not JSON, kinds that only a newer program knows, documents of another shape. One bad row
/// never stops the others. Control thread.
class EntityScreen {
 public:
  /// Whether the compiler may have it. One that may not stands in problems() until it is deleted or
  /// comes again in a form that can be read; what was compiled from its last readable form stays.
  bool admits(const store::Change& change);
  /// A row that the store itself could not read.
  void note(const store::Unreadable& row);
  void clear() {
    problems_.clear();
    ++changes_;
  }
  /// Another number whenever problems() may have changed.
  uint64_t changes() const { return changes_; }

  /// "kind/id: cause", in order.
  std::vector<std::string> problems() const;

 private:
  std::map<std::pair<std::string, std::string>, std::string> problems_;
  uint64_t changes_ = 0;
};

}  // namespace tollgate::server
