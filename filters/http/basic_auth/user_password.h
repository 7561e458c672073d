#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::filters::basic_auth {

/// What a client says of itself (RFC 7617 section 2).
struct UserPassword {
  std::string user;
  std::string password;  ///< Perhaps empty.
};

/// Reads the value of Authorization or Proxy-Authorization as the reference does, which is less
/// strict than the RFC: the scheme may stand anywhere in the value, as "Basic" or "basic", without
/// a space behind it; base64 ends at the first '=', padded or not. Nothing where there is no
/// scheme, no base64, or no user name with a colon.
std::optional<UserPassword> readBasic(std::string_view value);

}  // namespace tollgate::filters::basic_auth
