#include "source/http/header_map.h"

#include <charconv>
#include <cstring>

namespace tollgate::http {

void HeaderMap::grow() {
  uint32_t capacity = capacity_ == 0 ? 24 : capacity_ * 2;
  auto* entries = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header)));
  if (count_ > 0) std::memcpy(static_cast<void*>(entries), entries_, count_ * sizeof(Header));
  entries_ = entries;
  capacity_ = capacity;
}

const Header* HeaderMap::find(std::string_view name) const {
  HeaderCode code = codeOf(name);
  return code != HeaderCode::kOther ? find(code) : findOther(name);
}

/// The first field of a name without a code.
const Header* HeaderMap::findOther(std::string_view name) const {
  if ((otherSizes_ & sizeBit(name.size())) == 0) return nullptr;
  for (size_t i = 0; i < count_; ++i) {
    const Header& header = entries_[i];
    if (header.code == HeaderCode::kOther && !header.removed &&
        equalsIgnoreCase(header.name(), name)) {
      return &header;
    }
  }
  return nullptr;
}

void HeaderMap::setNumber(HeaderCode code, int64_t value) {
  char digits[40];
  char* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  setCopied(code, {digits, static_cast<size_t>(end - digits)});
}

void HeaderMap::removeEntry(Header& header) {
  if (header.removed) return;
  header.removed = true;
  --live_;
}

void HeaderMap::removeAll(HeaderCode code) {
  for (size_t i = 0; i < count_; ++i) {
    if (entries_[i].code == code) removeEntry(entries_[i]);
  }
  present_ &= ~bitOf(code);
}

void HeaderMap::remove(std::string_view name) {
  HeaderCode code = codeOf(name);
  if (code != HeaderCode::kOther) return remove(code);
  if ((otherSizes_ & sizeBit(name.size())) == 0) return;
  for (size_t i = 0; i < count_; ++i) {
    Header& header = entries_[i];
    if (header.code == code && equalsIgnoreCase(header.name(), name)) removeEntry(header);
  }
}

/// The place keeps the spelling of its name, unless a whole line comes.
void HeaderMap::overwrite(Header& place, const Header& field) {
  if (field.line) {
    place = field;
  } else {
    place.valueData = field.valueData;
    place.valueSize = field.valueSize;
    place.checked = place.checked && field.checked;
    place.line = false;
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

void HeaderMap::put(std::string_view name, const Header& field) {
  if (field.code != HeaderCode::kOther) return put(field);
  auto* first = const_cast<Header*>(findOther(name));
  if (first == nullptr) return append(field);
  for (Header* other = first + 1; other < entries_ + count_; ++other) {
    if (other->code == field.code && equalsIgnoreCase(other->name(), name)) removeEntry(*other);
  }
  overwrite(*first, field);
}

}  // namespace tollgate::http
