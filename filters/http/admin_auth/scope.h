#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

/// What a caller of the Admin API may do. Pure functions and values; any thread.
namespace tollgate::filters::admin_auth {

/// What a request does: one action on one kind.
struct Access {
  bool write = false;
  std::string kind;  ///< The collection's name in paths ("services", "key-auths"), or "node".
  /// "write:services"
  std::string text() const { return (write ? "write:" : "read:") + kind; }
};

/// The access that a request asks for, from its method and target. The target is cut up exactly as
/// the Admin API does it, undecoded: names of collections must stand there literally.
Access accessOf(std::string_view method, std::string_view target);

/// Scopes of one caller: `read` or `write` of a kind or of everything; writing includes reading.
class Scopes {
 public:
  /// Each text is "*", "read", "write", "read:KIND" or "write:KIND"; errors name the bad one.
  static Result<Scopes> parse(const std::vector<std::string>& texts);
  bool allow(const Access& access) const;

 private:
  std::vector<Access> granted_;  ///< Kind "*": all.
};

}  // namespace tollgate::filters::admin_auth
