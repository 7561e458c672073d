#include "filters/http/admin_auth/scope.h"

#include <algorithm>

#include "source/schema/entity_schema.h"

namespace tollgate::filters::admin_auth {
namespace {

struct Alias {
  std::string_view name;
  std::string_view kind;
};

/// Other names of collections in paths: of one referred entity, below a consumer, and in the store.
constexpr Alias kAliases[] = {
    {"service", "services"},
    {"route", "routes"},
    {"consumer", "consumers"},
    {"upstream", "upstreams"},
    {"certificate", "certificates"},
    {"ca_certificate", "ca_certificates"},
    {"set", "key-sets"},
    {"key_sets", "key-sets"},
    {"key-auth", "key-auths"},
    {"keyauth_credentials", "key-auths"},
    {"basic-auth", "basic-auths"},
    {"basicauth_credentials", "basic-auths"},
    {"hmac-auth", "hmac-auths"},
    {"hmacauth_credentials", "hmac-auths"},
    {"jwt", "jwts"},
    {"jwt_secrets", "jwts"},
    {"oauth2_credentials", "oauth2"},
};

/// What is no entity: the node itself, and what spans all of it.
constexpr std::string_view kNodeKinds[] = {"node",  "schemas", "tags",      "config",    "cache",
                                           "debug", "nodes",   "revisions", "clustering"};
/// Paths that tell about the node.
constexpr std::string_view kNodePaths[] = {"", "status", "endpoints", "timers", "metrics"};

std::string_view canonical(std::string_view name) {
  for (const Alias& alias : kAliases) {
    if (alias.name == name) return alias.kind;
  }
  return name;
}

bool isEntityKind(std::string_view kind) {
  for (const Alias& alias : kAliases) {
    if (alias.kind == kind) return true;
  }
  const auto& schemas = schema::EntitySchema::all();
  return kind == "acls" || std::any_of(schemas.begin(), schemas.end(), [&](const auto& schema) {
           return canonical(schema->kind()) == kind;
         });
}

template <typename List>
bool holds(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

/// The path of a target in origin or absolute form.
std::string_view pathOf(std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    size_t slash = target.find('/', target.find("://") + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  return target.substr(0, target.find('?'));
}

}  // namespace

Access accessOf(std::string_view method, std::string_view target) {
  Access out;
  std::string_view path = pathOf(target);
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string_view first = path.substr(0, path.find('/'));
  out.write = method != "GET" && method != "HEAD" && method != "OPTIONS";
  if (holds(kNodePaths, first)) {
    out.kind = "node";
    return out;
  }
  if (first == "schemas") out.write = false;  // validating changes nothing
  out.kind = canonical(first);
  // Collections and keys take turns; the last collection is what the request is about.
  for (size_t index = 0; !path.empty(); ++index) {
    size_t slash = path.find('/');
    std::string_view kind = canonical(path.substr(0, slash));
    if (index % 2 == 0 && isEntityKind(out.kind) && isEntityKind(kind)) out.kind = kind;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return out;
}

Result<Scopes> Scopes::parse(const std::vector<std::string>& texts) {
  Scopes out;
  for (const std::string& text : texts) {
    size_t colon = text.find(':');
    std::string action = text == "*" ? "write" : text.substr(0, colon);
    std::string kind = colon == std::string::npos ? "*" : text.substr(colon + 1);
    if (action != "read" && action != "write") {
      return Error::invalid("not a scope: '" + text +
                            "' (*, read, write, read:<kind> or write:<kind>)");
    }
    kind = canonical(kind);
    if (kind != "*" && !isEntityKind(kind) && !holds(kNodeKinds, kind)) {
      return Error::invalid("unknown kind in scope '" + text +
                            "': a collection such as services, or node, schemas, tags, config, "
                            "cache, debug, nodes, revisions, clustering");
    }
    out.granted_.push_back({action == "write", std::move(kind)});
  }
  if (out.granted_.empty()) return Error::invalid("names no scope");
  return out;
}

bool Scopes::allow(const Access& access) const {
  return std::any_of(granted_.begin(), granted_.end(), [&](const Access& granted) {
    return (granted.write || !access.write) && (granted.kind == "*" || granted.kind == access.kind);
  });
}

}  // namespace tollgate::filters::admin_auth
