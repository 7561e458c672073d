#include "source/admin/endpoint_names.h"

namespace tollgate::admin {
namespace {

struct Row {
  const char* kind;
  const char* collection;
  const char* nested;
  const char* plugin;
  bool duplicateIdIsOnKey;
};

constexpr Row kRows[] = {
    {"keyauth_credentials", "key-auths", "key-auth", "key-auth", true},
    {"basicauth_credentials", "basic-auths", "basic-auth", "basic-auth", false},
    {"hmacauth_credentials", "hmac-auths", "hmac-auth", "hmac-auth", false},
    {"jwt_secrets", "jwts", "jwt", "jwt", true},
    {"oauth2_credentials", "oauth2", "oauth2", "oauth2", false},
    {"acls", "acls", "acls", "acl", false},
    {"key_sets", "key-sets", "key-sets", "", false},
};

}  // namespace

EndpointNames endpointNames(std::string_view kind) {
  for (const Row& row : kRows) {
    if (kind == row.kind) return {row.collection, row.nested, row.plugin, row.duplicateIdIsOnKey};
  }
  return {std::string(kind), std::string(kind), "", false};
}

}  // namespace tollgate::admin
