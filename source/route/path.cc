#include "source/route/path.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "source/base/byte_class.h"
#include "source/base/percent.h"

namespace tollgate::route {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

constexpr std::array<bool, 256> setOf(std::string_view chars, bool alphanumerics) {
  std::array<bool, 256> set{};
  for (char c : chars) set[static_cast<uint8_t>(c)] = true;
  if (alphanumerics) {
    for (int c = '0'; c <= '9'; ++c) set[static_cast<size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) set[static_cast<size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) set[static_cast<size_t>(c)] = true;
  }
  return set;
}

constexpr auto kReserved = setOf("!*'();:@&=+$,/?%#[]", false);
/// Bytes that go upstream as they are.
constexpr auto kPlain = setOf("-_.~!#$&'()*+,/:;=?@[]%", true);

/// Of those, what means nothing but itself.
constexpr ByteClass kLiteral{[] {
  auto set = kPlain;
  set['%'] = false;
  return set;
}()};

bool isControl(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }

bool isNormal(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') return false;
    if (c != '/') continue;
    if (i + 1 < path.size() && (path[i + 1] == '/' || path[i + 1] == '.')) return false;
  }
  return true;
}

/// Decodes triplets into `out`; returns the length.
size_t decodeTriplets(std::string_view raw, char* out) {
  size_t size = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    const int escaped = escapedByte(raw, i);
    if (escaped < 0) {
      out[size++] = raw[i];
      continue;
    }
    const auto byte = static_cast<uint8_t>(escaped);
    if (kReserved[byte]) {
      out[size++] = '%';
      out[size++] = kHexDigits[byte >> 4];
      out[size++] = kHexDigits[byte & 15];
    } else {
      out[size++] = static_cast<char>(byte);
    }
    i += 2;
  }
  return size;
}

/// Removes dot segments and merges slashes in place; returns the length.
size_t removeDots(char* path, size_t size) {
  size_t written = 0, at = 0;
  while (at < size) {
    size_t end = at;
    while (end < size && path[end] != '/') ++end;
    bool last = end == size;
    std::string_view segment(path + at, end - at);
    if (segment == ".") {
      // dropped, and the slash before it stays
    } else if (segment == "..") {
      if (written > 1) {
        --written;  // the slash
        while (written > 0 && path[written - 1] != '/') --written;
      }
    } else {
      std::memmove(path + written, path + at, segment.size());
      written += segment.size();
      if (!last && (written == 0 || path[written - 1] != '/')) path[written++] = '/';
    }
    at = end + 1;
  }
  if (written == 0) path[written++] = '/';
  return written;
}

}  // namespace

TargetScan scanTarget(std::string_view target) {
  constexpr size_t kWide = ByteClass::kWide;
  constexpr uint32_t kAll = (1U << kWide) - 1;
  bool simple = !target.starts_with('.');
  uint32_t slashBefore = 0;
  for (size_t at = 0;; at += kWide) {
    std::string_view left = target.substr(at);
    char rest[kWide] = {};
    const bool last = left.size() < kWide;
    if (last) copyShort(rest, left.data(), left.size());
    const char* block = last ? rest : left.data();
    uint32_t query = ByteClass::equal(block, '?');
    uint32_t ofPath = last ? (1U << left.size()) - 1 : kAll;
    if (query != 0) ofPath &= (query & -query) - 1;
    uint32_t slashes = ByteClass::equal(block, '/');
    // A slash or a dot behind a slash: an empty segment, or perhaps one of dots.
    uint32_t odd = (slashes | ByteClass::equal(block, '.')) & (slashes << 1 | slashBefore);
    simple &= ((odd | kLiteral.outside(block)) & ofPath) == 0;
    if (query != 0) return {at + static_cast<size_t>(std::countr_zero(query)), simple};
    if (last) return {target.size(), simple};
    slashBefore = slashes >> (kWide - 1);
  }
}

std::string_view normalizePath(std::string_view raw, char* scratch) {
  if (isNormal(raw)) return raw;
  size_t size = decodeTriplets(raw, scratch);
  return {scratch, removeDots(scratch, size)};
}

bool wellFormedPath(std::string_view raw) {
  // Depth below the root of the segments so far; "%2e" is a dot, too.
  int depth = 0;
  size_t dots = 0, others = 0;
  auto endSegment = [&] {
    if (others == 0 && dots == 2) {
      --depth;
    } else if (others > 0 || dots > 2) {
      ++depth;
    }
    dots = others = 0;
  };
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      const int byte = escapedByte(raw, i);
      if (byte < 0) return false;
      c = static_cast<char>(byte);
      if (isControl(c)) return false;
      i += 2;
      if (c == '/') c = '_';  // an encoded slash separates nothing
    }
    if (isControl(c)) return false;
    if (c == '/') {
      endSegment();
      if (depth < 0) return false;
    } else if (c == '.') {
      ++dots;
    } else {
      ++others;
    }
  }
  endSegment();
  return depth >= 0;
}

std::string normalForm(std::string_view raw) {
  std::string scratch(raw.size() + 1, '\0');
  return std::string(normalizePath(raw, scratch.data()));
}

bool isPlain(std::string_view path) {
  return std::all_of(path.begin(), path.end(),
                     [](char c) { return kPlain[static_cast<uint8_t>(c)]; });
}

size_t upstreamPathBound(std::string_view servicePath, std::string_view path) {
  return 3 * (servicePath.size() + path.size()) + 8;
}

namespace {

/// Appends text, percent-encoding what may not stand in a path.
class PathWriter {
 public:
  explicit PathWriter(char* out) : out_(out) {}
  void add(std::string_view text) {
    for (char c : text) {
      auto byte = static_cast<uint8_t>(c);
      if (kPlain[byte]) {
        out_[size_++] = c;
      } else {
        out_[size_++] = '%';
        out_[size_++] = kHexDigits[byte >> 4];
        out_[size_++] = kHexDigits[byte & 15];
      }
    }
  }
  size_t size() const { return size_; }

 private:
  char* out_;
  size_t size_ = 0;
};

}  // namespace

size_t buildUpstreamPath(std::string_view service, std::string_view matched, std::string_view path,
                         bool strip, char* out) {
  PathWriter writer(out);
  bool serviceSlash = service.back() == '/';
  std::string_view serviceBare = serviceSlash ? service.substr(0, service.size() - 1) : service;
  std::string_view postfix =
      strip ? path.substr(std::min(matched.size(), path.size())) : path.substr(1);
  if (postfix == "." || postfix == "..") postfix = {};
  if (postfix.substr(0, 2) == "./") postfix.remove_prefix(2);
  if (postfix.substr(0, 3) == "../") postfix.remove_prefix(3);
  bool pathSlash = path.size() > 1 && path.back() == '/';

  if (!strip) {
    if (serviceSlash) {
      writer.add(service);
      writer.add(postfix);
    } else {
      writer.add(service);
      if (path != "/") writer.add(path);
    }
  } else if (postfix.empty()) {
    if (serviceSlash) {
      bool keep = service == "/" || path.back() == '/';
      writer.add(keep ? service : serviceBare);
    } else {
      writer.add(service);
      if (pathSlash) writer.add("/");
    }
  } else if (postfix.front() == '/') {
    writer.add(serviceBare);
    writer.add(postfix);
  } else {
    writer.add(service);
    if (!serviceSlash) writer.add("/");
    writer.add(postfix);
  }
  return writer.size();
}

std::string upstreamPath(std::string_view servicePath, std::string_view matched,
                         std::string_view path, bool strip) {
  std::string out(upstreamPathBound(servicePath, path), '\0');
  out.resize(buildUpstreamPath(servicePath, matched, path, strip, out.data()));
  return out;
}

}  // namespace tollgate::route
