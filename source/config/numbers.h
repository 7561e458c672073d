#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace tollgate::config {

/// Gives numbers to ids, small ones first, for CowVectors. A number belongs to its id as long as
/// anybody holds it (the entity itself, or what refers to it), and may then go to another id.
/// 0 is no number. Control thread.
class Numbers {
 public:
  uint32_t hold(const std::string& id) {
    auto [place, added] = byId_.try_emplace(id);
    if (added) place->second.number = take();
    ++place->second.holders;
    return place->second.number;
  }
  void release(const std::string& id) {
    auto found = byId_.find(id);
    if (found == byId_.end() || --found->second.holders > 0) return;
    free_.push_back(found->second.number);
    byId_.erase(found);
  }
  /// The id itself, for as long as somebody holds its number; nullptr if nobody does.
  const std::string* held(const std::string& id) const {
    auto found = byId_.find(id);
    return found != byId_.end() ? &found->first : nullptr;
  }
  /// 0 if nobody holds one.
  uint32_t find(const std::string& id) const {
    auto found = byId_.find(id);
    return found != byId_.end() ? found->second.number : 0;
  }

 private:
  struct Place {
    uint32_t number = 0;
    uint32_t holders = 0;
  };
  uint32_t take() {
    if (free_.empty()) return ++last_;
    uint32_t number = free_.back();
    free_.pop_back();
    return number;
  }

  std::unordered_map<std::string, Place> byId_;
  std::vector<uint32_t> free_;
  uint32_t last_ = 0;
};

}  // namespace tollgate::config
