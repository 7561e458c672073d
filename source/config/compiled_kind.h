#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/schema/entity_schema.h"

namespace tollgate::config {

/// The entities of one kind, compiled one by one as they come, in the order of the changes. What a
/// change does not touch is not looked at. Control thread.
class CompiledKind {
 public:
  virtual ~CompiledKind() = default;
  /// Puts an entity in, or in the place of the one with this id.
  virtual void put(const std::string& id, const Json& doc) = 0;
  /// Takes an entity out, if it is there.
  virtual void remove(const std::string& id) = 0;
  virtual size_t size() const = 0;

  /// Whether what logs show of an entity is kept with it, from the next put() on.
  void keepRecords(bool keep) { keepsRecords_ = keep; }

 protected:
  bool keepsRecords_ = true;
};

/// What could not be compiled and is left out, by the id of the entity.
class Problems {
 public:
  void add(const std::string& id, Error error) {
    byId_[id].push_back(std::move(error));
    ++changes_;
  }
  void clear(const std::string& id) {
    if (!byId_.empty() && byId_.erase(id) > 0) ++changes_;
  }
  std::vector<Error> all() const {
    std::vector<Error> out;
    for (const auto& [id, errors] : byId_) out.insert(out.end(), errors.begin(), errors.end());
    return out;
  }
  /// Grows with every change.
  uint64_t changes() const { return changes_; }

 private:
  std::map<std::string, std::vector<Error>> byId_;
  uint64_t changes_ = 0;
};

}  // namespace tollgate::config
