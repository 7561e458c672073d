#include "source/store/file/stable_id.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "source/base/uuid.h"
#include "source/crypto/digest.h"

namespace tollgate::store {
namespace {

using Uuid = std::array<uint8_t, 16>;

/// The namespace of all generated identifiers: fd02801f-0957-4a15-a55a-c8d9606f30b5.
constexpr Uuid kNamespace = {0xfd, 0x02, 0x80, 0x1f, 0x09, 0x57, 0x4a, 0x15,
                             0xa5, 0x5a, 0xc8, 0xd9, 0x60, 0x6f, 0x30, 0xb5};

Uuid version5(const Uuid& space, std::string_view name) {
  std::string text(reinterpret_cast<const char*>(space.data()), space.size());
  text += name;
  const auto digest = crypto::digest(crypto::Hash::kSha1, text);
  Uuid out{};
  std::copy_n(digest.data(), out.size(), out.begin());
  out[6] = (out[6] & 0x0f) | 0x50;
  out[8] = (out[8] & 0x3f) | 0x80;
  return out;
}

/// The namespace of the identifiers of one kind; made once for each kind.
const Uuid& spaceOf(std::string_view kind) {
  thread_local std::map<std::string, Uuid, std::less<>> spaces;
  auto found = spaces.find(kind);
  if (found == spaces.end()) found = spaces.emplace(kind, version5(kNamespace, kind)).first;
  return found->second;
}

}  // namespace

std::string stableId(std::string_view kind, std::string_view name) {
  return printUuid(version5(spaceOf(kind), name));
}

}  // namespace tollgate::store
