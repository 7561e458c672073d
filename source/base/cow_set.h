#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "source/base/ref.h"
#include "source/base/text_hash.h"

namespace tollgate {

/// A hash set of shared objects, found by a text that each of them names, whose copies share
/// structure: a copy costs a pointer, and a change to a copy copies the few nodes on the way to the
/// place of the change. Nodes that nobody else has are changed in place, so that filling a set
/// copies nothing.
///
/// A hash array mapped trie of 32 branches; about 16 bytes per object beside the object itself.
/// KeyOf: `static std::string_view of(const T&)`, constant while the object is in the set. T is
/// RefCounted, and copyable for edit().
/// Threads: a published copy is immutable and may be read by any thread; one thread changes.
template <typename T, typename KeyOf, typename Hash = TextHash>
class CowSet {
 public:
  CowSet() = default;
  CowSet(const CowSet& other) : root_(other.root_), size_(other.size_) {
    if (root_ != nullptr) root_->references.fetch_add(1, std::memory_order_relaxed);
  }
  CowSet(CowSet&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  CowSet& operator=(CowSet other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~CowSet() { Node::release(root_); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// nullptr if there is none. Allocates nothing.
  const T* find(std::string_view key) const {
    const Node* node = root_;
    uint64_t hash = hashOf(key);
    for (unsigned level = 0; node != nullptr; ++level) {
      uint32_t index = node->place(hash, level, key);
      if (index == kNone) return nullptr;
      uintptr_t slot = node->slots()[index];
      if (!isNode(slot)) return KeyOf::of(*asItem(slot)) == key ? asItem(slot) : nullptr;
      node = asNode(slot);
    }
    return nullptr;
  }

  /// Puts an object in; it takes the place of one with the same key.
  void put(Ref<const T> item) {
    if (root_ == nullptr) root_ = Node::make(0, 0);
    uint64_t hash = hashOf(KeyOf::of(*item));
    item->retain();  // by the slot
    root_ = put(Node::owned(root_), const_cast<T*>(item.get()), hash, 0);
  }

  /// Whether there was one.
  bool erase(std::string_view key) {
    if (find(key) == nullptr) return false;
    root_ = erase(Node::owned(root_), key, hashOf(key), 0);
    --size_;
    return true;
  }

  /// The object for changing (but its key): a copy of its own where others hold it, too. nullptr if
  /// there is none.
  T* edit(std::string_view key) {
    if (find(key) == nullptr) return nullptr;
    uint64_t hash = hashOf(key);
    Node* node = root_ = Node::owned(root_);
    for (unsigned level = 0;; ++level) {
      uintptr_t& slot = node->slots()[node->place(hash, level, key)];
      if (isNode(slot)) {
        node = Node::owned(asNode(slot));
        slot = ofNode(node);
        continue;
      }
      T* item = asItem(slot);
      if (item->shared()) {
        T* copy = new T(*item);
        copy->retain();
        item->release();
        slot = ofItem(item = copy);
      }
      return item;
    }
  }

  template <typename F>
  void forEach(const F& visit) const {
    if (root_ != nullptr) forEach(*root_, visit);
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr unsigned kLevels = 12;  ///< Below, what has the same 60 bits lies in a list.
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Slots hold an object, or a node one level down (lowest bit set).
  static bool isNode(uintptr_t slot) { return (slot & 1) != 0; }
  static T* asItem(uintptr_t slot) { return reinterpret_cast<T*>(slot); }
  static uintptr_t ofItem(T* item) { return reinterpret_cast<uintptr_t>(item); }
  struct Node;
  static Node* asNode(uintptr_t slot) { return reinterpret_cast<Node*>(slot - 1); }
  static uintptr_t ofNode(Node* node) { return reinterpret_cast<uintptr_t>(node) + 1; }
  static uint64_t hashOf(std::string_view key) { return Hash()(key); }
  static uint32_t bitOf(uint64_t hash, unsigned level) {
    return uint32_t{1} << (hash >> (level * kBits) & 31);
  }

  struct alignas(uintptr_t) Node {
    std::atomic<uint32_t> references{1};
    uint32_t bitmap;  ///< Which branches have a slot; of no meaning on the last level.
    uint32_t count;

    uintptr_t* slots() { return reinterpret_cast<uintptr_t*>(this + 1); }
    const uintptr_t* slots() const { return reinterpret_cast<const uintptr_t*>(this + 1); }
    uint32_t before(uint32_t bit) const {
      return static_cast<uint32_t>(std::popcount(bitmap & (bit - 1)));
    }
    /// The slot that leads to the key; kNone if none can.
    uint32_t place(uint64_t hash, unsigned level, std::string_view key) const {
      if (level < kLevels) {
        uint32_t bit = bitOf(hash, level);
        return (bitmap & bit) != 0 ? before(bit) : kNone;
      }
      for (uint32_t i = 0; i < count; ++i) {
        if (KeyOf::of(*asItem(slots()[i])) == key) return i;
      }
      return kNone;
    }

    static Node* make(uint32_t bitmap, uint32_t count) {
      Node* node = new (::operator new(sizeof(Node) + count * sizeof(uintptr_t))) Node;
      node->bitmap = bitmap;
      node->count = count;
      return node;
    }
    static void release(Node* node) {
      if (node == nullptr) return;
      if (node->references.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
      for (uint32_t i = 0; i < node->count; ++i) {
        uintptr_t slot = node->slots()[i];
        isNode(slot) ? release(asNode(slot)) : asItem(slot)->release();
      }
      ::operator delete(node);
    }
    /// The node itself if nobody else has it, else a copy in exchange for the reference to it.
    static Node* owned(Node* node) {
      if (node->references.load(std::memory_order_acquire) == 1) return node;
      Node* copy = make(node->bitmap, node->count);
      for (uint32_t i = 0; i < node->count; ++i) {
        uintptr_t slot = copy->slots()[i] = node->slots()[i];
        if (isNode(slot)) {
          asNode(slot)->references.fetch_add(1, std::memory_order_relaxed);
        } else {
          asItem(slot)->retain();
        }
      }
      release(node);
      return copy;
    }
    /// An owned node with one more slot at `index`, or one less; frees the one given.
    static Node* widened(Node* node, uint32_t bitmap, uint32_t index, uintptr_t slot) {
      Node* wide = make(bitmap, node->count + 1);
      for (uint32_t i = 0; i < index; ++i) wide->slots()[i] = node->slots()[i];
      wide->slots()[index] = slot;
      for (uint32_t i = index; i < node->count; ++i) wide->slots()[i + 1] = node->slots()[i];
      ::operator delete(node);
      return wide;
    }
    static Node* narrowed(Node* node, uint32_t bitmap, uint32_t index) {
      Node* narrow = make(bitmap, node->count - 1);
      for (uint32_t i = 0; i < index; ++i) narrow->slots()[i] = node->slots()[i];
      for (uint32_t i = index + 1; i < node->count; ++i) narrow->slots()[i - 1] = node->slots()[i];
      ::operator delete(node);
      return narrow;
    }
  };

  /// `node` is owned; the result takes its place.
  Node* put(Node* node, T* item, uint64_t hash, unsigned level) {
    std::string_view key = KeyOf::of(*item);
    uint32_t bit = level < kLevels ? bitOf(hash, level) : 0;
    uint32_t index = node->place(hash, level, key);
    if (index == kNone) {
      ++size_;
      return Node::widened(node, node->bitmap | bit,
                           level < kLevels ? node->before(bit) : node->count, ofItem(item));
    }
    uintptr_t& slot = node->slots()[index];
    if (isNode(slot)) {
      slot = ofNode(put(Node::owned(asNode(slot)), item, hash, level + 1));
      return node;
    }
    T* other = asItem(slot);
    if (KeyOf::of(*other) == key) {
      slot = ofItem(item);
      other->release();
      return node;
    }
    uint64_t otherHash = hashOf(KeyOf::of(*other));
    bool last = level + 1 == kLevels;
    Node* below = Node::make(last ? 0 : bitOf(otherHash, level + 1), 1);
    below->slots()[0] = ofItem(other);
    slot = ofNode(put(below, item, hash, level + 1));
    return node;
  }

  Node* erase(Node* node, std::string_view key, uint64_t hash, unsigned level) {
    uint32_t index = node->place(hash, level, key);
    uint32_t bitmap = level < kLevels ? node->bitmap & ~bitOf(hash, level) : 0;
    uintptr_t& slot = node->slots()[index];
    if (!isNode(slot)) {
      T* item = asItem(slot);
      Node* narrow = Node::narrowed(node, bitmap, index);
      item->release();  // last: `key` may lie in it
      return narrow;
    }
    Node* below = erase(Node::owned(asNode(slot)), key, hash, level + 1);
    if (below->count == 1 && !isNode(below->slots()[0])) {
      slot = below->slots()[0];
      ::operator delete(below);
    } else if (below->count == 0) {
      ::operator delete(below);
      return Node::narrowed(node, bitmap, index);
    } else {
      slot = ofNode(below);
    }
    return node;
  }

  template <typename F>
  static void forEach(const Node& node, const F& visit) {
    for (uint32_t i = 0; i < node.count; ++i) {
      uintptr_t slot = node.slots()[i];
      if (isNode(slot)) {
        forEach(*asNode(slot), visit);
      } else {
        visit(static_cast<const T&>(*asItem(slot)));
      }
    }
  }

  Node* root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tollgate
