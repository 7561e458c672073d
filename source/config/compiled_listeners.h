#pragma once

#include <map>
#include <string>

#include "source/config/compiled_kind.h"

namespace tollgate::config {

/// Listeners, as documents: whoever opens the sockets makes more of them. There are few, and no
/// request looks at them.
class CompiledListeners final : public CompiledKind {
 public:
  explicit CompiledListeners(Problems& problems) : problems_(problems) {}

  using Documents = std::map<std::string, Json>;  ///< By id.

  void put(const std::string& id, const Json& doc) override {
    problems_.clear(id);
    documents_[id] = doc;
    ++changes_;
  }
  void remove(const std::string& id) override {
    problems_.clear(id);
    changes_ += documents_.erase(id);
  }
  size_t size() const override { return documents_.size(); }

  const Documents& documents() const { return documents_; }
  /// Grows with every change.
  uint64_t changes() const { return changes_; }

 private:
  Problems& problems_;
  Documents documents_;
  uint64_t changes_ = 0;
};

}  // namespace tollgate::config
