#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Digests that name content: fingerprints of configurations and identifiers made from names. Not
/// for secrets or signatures, which source/tls has. Pure functions; any thread.
namespace tollgate {

/// MD5 (RFC 1321) as 32 lower-case hexadecimal digits.
std::string md5Hex(std::string_view data);
/// SHA-1 (RFC 3174).
std::array<uint8_t, 20> sha1(std::string_view data);

}  // namespace tollgate
