#include "source/http/header_map.h"

#include <cstring>

namespace tollgate::http {

void HeaderMap::grow() {
  uint32_t capacity = capacity_ == 0 ? 24 : capacity_ * 2;
  auto* entries = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header)));
  if (count_ > 0) std::memcpy(static_cast<void*>(entries), entries_, count_ * sizeof(Header));
  entries_ = entries;
  capacity_ = capacity;
}

void HeaderMap::assign(const HeaderMap& other) {
  Header* own = entries_;
  uint32_t capacity = capacity_;
  if (capacity < other.count_) {
    capacity = other.capacity_;
    own = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header)));
  }
  *this = other;
  entries_ = own;
  capacity_ = capacity;
  if (count_ > 0) std::memcpy(static_cast<void*>(own), other.entries_, count_ * sizeof(Header));
}

Header HeaderMap::takeLine(std::string_view& text) {
  size_t nameSize = text.find(':');
  size_t size = text.find("\r\n", nameSize) + 2;
  Header out = wholeLine(codeOf(text.substr(0, nameSize)), nameSize, text.substr(0, size));
  text.remove_prefix(size);
  return out;
}

/// Const as it changes nothing that callers see.
void HeaderMap::unfold() const {
  auto& self = const_cast<HeaderMap&>(*this);
  const std::span<const Header> before = pieces();
  const auto capacity = static_cast<uint32_t>(count_ + size());
  const auto fields = static_cast<uint32_t>(size());
  self.entries_ = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header)));
  self.capacity_ = capacity;
  self.count_ = 0;
  auto keep = [&](const Header& header) { self.entries_[self.count_++] = header; };
  for (const Header& entry : before) {
    (entry.flags & Header::kBlock) != 0 ? forEachLine(entry, keep) : keep(entry);
  }
  self.hidden_ = self.count_ - fields;
  self.blockCodes_ = self.blockSizes_ = 0;
}

const Header* HeaderMap::find(std::string_view name) const {
  HeaderCode code = codeOf(name);
  return code != HeaderCode::kOther ? find(code) : findOther(name);
}

/// The first field of a name without a code.
const Header* HeaderMap::findOther(std::string_view name) const {
  if ((otherSizes_ & sizeBitOf(name.size())) == 0) return nullptr;
  unfold(name);
  for (size_t i = 0; i < count_; ++i) {
    const Header& header = entries_[i];
    if (header.code == HeaderCode::kOther && !header.removed() &&
        equalsIgnoreCase(header.name(), name)) {
      return &header;
    }
  }
  return nullptr;
}

std::string_view HeaderMap::joined(std::string_view name) const {
  constexpr std::string_view kBetween = ", ";
  const Header* first = find(name);
  if (first == nullptr) return {};
  const Header* second = next(*first);
  if (second == nullptr) return first->value();
  size_t size = first->valueSize;
  for (const Header* h = second; h != nullptr; h = next(*h)) size += kBetween.size() + h->valueSize;
  char* list = arena_->chars(size);
  char* at = copyTo(list, first->value());
  for (const Header* h = second; h != nullptr; h = next(*h)) {
    at = copyTo(copyTo(at, kBetween), h->value());
  }
  return {list, size};
}

void HeaderMap::removeEntry(Header& header) {
  if (header.removed()) return;
  header.flags |= Header::kRemoved;
  ++hidden_;
}

void HeaderMap::removeAll(HeaderCode code) {
  if (inBlock(bitOf(code))) unfold();
  for (size_t i = 0; i < count_; ++i) {
    if (entries_[i].code == code) removeEntry(entries_[i]);
  }
  present_ &= ~bitOf(code);
}

void HeaderMap::remove(std::string_view name) {
  HeaderCode code = codeOf(name);
  code != HeaderCode::kOther ? remove(code) : removeOther(name);
}

void HeaderMap::removeAllOther(std::string_view name) {
  unfold(name);
  for (size_t i = 0; i < count_; ++i) {
    Header& header = entries_[i];
    if (header.code == HeaderCode::kOther && equalsIgnoreCase(header.name(), name)) {
      removeEntry(header);
    }
  }
}

/// The place keeps the spelling of its name, unless a whole line comes.
void HeaderMap::overwrite(Header& place, const Header& field) {
  if (field.line()) {
    place = field;
  } else {
    place.valueData = field.valueData;
    place.valueSize = field.valueSize;
    place.flags &= field.flags & Header::kChecked;
  }
  lineBytes_ += place.lineBytes();
}

void HeaderMap::replace(const Header& field) {
  auto* first = const_cast<Header*>(find(field.code));
  if (first == nullptr) return append(field);
  for (Header* other = first + 1; other < entries_ + count_; ++other) {
    if (other->code == field.code) removeEntry(*other);
  }
  overwrite(*first, field);
}

void HeaderMap::replaceOther(const Header& field) {
  auto* first = const_cast<Header*>(findOther(field.name()));
  if (first == nullptr) return append(field);
  for (Header* other = first + 1; other < entries_ + count_; ++other) {
    if (other->code == field.code && equalsIgnoreCase(other->name(), field.name())) {
      removeEntry(*other);
    }
  }
  overwrite(*first, field);
}

}  // namespace tollgate::http
