#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace tollgate::upstream {

/// The hash of a pool's key, under a random seed of this process: a client may get to choose a part
/// of a key, and must not be able to choose where it goes.
size_t hashOfPoolKey(std::string_view text);

/// What connections must share to be interchangeable, with its hash.
struct PoolKeyView {
  std::string_view text;
  size_t hash;
  explicit PoolKeyView(std::string_view text) : text(text), hash(hashOfPoolKey(text)) {}
  PoolKeyView(std::string_view text, size_t hash) : text(text), hash(hash) {}
};

/// One that is kept: its hash is worked out once.
class PoolKey {
 public:
  PoolKey() = default;
  explicit PoolKey(std::string text) : text_(std::move(text)), hash_(hashOfPoolKey(text_)) {}
  bool empty() const { return text_.empty(); }
  PoolKeyView view() const { return {text_, hash_}; }

 private:
  std::string text_;
  size_t hash_ = 0;
};

struct PoolKeyHash {
  using is_transparent = void;
  size_t operator()(const std::string& key) const { return hashOfPoolKey(key); }
  size_t operator()(const PoolKeyView& key) const { return key.hash; }
};
struct PoolKeyEqual {
  using is_transparent = void;
  bool operator()(const std::string& a, const std::string& b) const { return a == b; }
  bool operator()(const PoolKeyView& a, const std::string& b) const { return a.text == b; }
  bool operator()(const std::string& a, const PoolKeyView& b) const { return a == b.text; }
};

}  // namespace tollgate::upstream
