#pragma once

namespace tollgate {

/// A link that an object derives from to stand in one IntrusiveList; `Tag` tells several apart.
template <typename Tag>
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }
  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (next_ == nullptr) return;
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = nullptr;
  }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;
  ListLink* next_ = nullptr;
  ListLink* prev_ = nullptr;
};

/// A doubly linked list that owns nothing; inserting and removing never allocate.
template <typename T, typename Tag>
class IntrusiveList {
 public:
  IntrusiveList() { head_.next_ = head_.prev_ = &head_; }
  ~IntrusiveList() {
    while (!empty()) head_.next_->unlink();
    head_.next_ = head_.prev_ = nullptr;
  }
  bool empty() const { return head_.next_ == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  /// An item that stands in a list (also in this one) is moved.
  void pushBack(T& item) {
    static_cast<ListLink<Tag>&>(item).unlink();
    insert(item, head_.prev_);
  }
  void pushFront(T& item) {
    static_cast<ListLink<Tag>&>(item).unlink();
    insert(item, &head_);
  }
  T* popFront() {
    T* item = front();
    if (item != nullptr) static_cast<ListLink<Tag>*>(item)->unlink();
    return item;
  }
  T* next(T& item) {
    ListLink<Tag>* link = static_cast<ListLink<Tag>&>(item).next_;
    return link == &head_ ? nullptr : static_cast<T*>(link);
  }
  /// Moves everything of `other` to the end of this list.
  void takeAll(IntrusiveList& other) {
    while (T* item = other.popFront()) pushBack(*item);
  }

 private:
  void insert(T& item, ListLink<Tag>* after) {
    ListLink<Tag>& link = item;
    link.prev_ = after;
    link.next_ = after->next_;
    after->next_->prev_ = &link;
    after->next_ = &link;
  }
  ListLink<Tag> head_;
};

}  // namespace tollgate
