#include "source/admin/endpoint_names.h"

namespace tollgate::admin {
namespace {

struct Row {
  const char* kind;
  const char* collection;
  const char* nested;
  const char* plugin;
  bool duplicateIdIsOnKey = false;
  const char* withoutPath = "";
};

constexpr Row kRows[] = {
    {"keyauth_credentials", "key-auths", "key-auth", "key-auth", true},
    {"basicauth_credentials", "basic-auths", "basic-auth", "basic-auth"},
    {"hmacauth_credentials", "hmac-auths", "hmac-auth", "hmac-auth"},
    {"jwt_secrets", "jwts", "jwt", "jwt", true},
    {"acls", "acls", "acls", "acl"},
    {"key_sets", "key-sets", "key-sets", ""},
    {"snis", "snis", "snis", "", false, "certificate"},
};

}  // namespace

EndpointNames endpointNames(std::string_view kind) {
  for (const Row& row : kRows) {
    if (kind == row.kind)
      return {row.collection, row.nested, row.plugin, row.duplicateIdIsOnKey, row.withoutPath};
  }
  return {std::string(kind), std::string(kind), "", false, ""};
}

}  // namespace tollgate::admin
