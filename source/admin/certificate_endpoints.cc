#include "source/admin/certificate_endpoints.h"

#include <algorithm>

#include "source/admin/certificate_snis.h"
#include "source/admin/entity_access.h"
#include "source/admin/errors.h"
#include "source/crypto/secret.h"
#include "source/schema/rules.h"

namespace tollgate::admin {
namespace {

const EntitySchema& certificates() { return *EntitySchema::find("certificates"); }

Reply get(ApiContext& context, Call& call) {
  EntityAccess access(context);
  EntityKey key;
  Json doc;
  if (Stop stop = access.readKey(certificates(), call.params[0], key)) return std::move(*stop);
  if (Stop stop = access.find(certificates(), key, call.now, doc)) return std::move(*stop);
  if (doc.is_null()) return missingEntity(key.fields);
  return access.answer(certificates(), 200, doc, call.now);
}

/// Puts the name in the path among those of the body.
void addServerName(Json& body, const std::string& name) {
  Json& names = body["snis"];
  if (names.is_string()) names = serverNamesOf(names.get_ref<const std::string&>());
  if (names.is_null()) names = Json::array();
  if (names.is_array() && std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

/// By a server name: the certificate gets that name, and is a new one where nobody has it.
Reply put(ApiContext& context, Call& call) {
  EntityAccess access(context);
  const std::string& text = call.params[0];
  EntityKey key;
  Stop unknown = access.readKey(certificates(), text, key);
  if (unknown && unknown->status != 404) return std::move(*unknown);
  if (!isUuid(text)) addServerName(call.body, text);
  if (!unknown) return access.upsert(certificates(), call, key, {});
  key = {"id", crypto::randomUuid()};
  const Json given = call.body;
  Reply reply = access.upsert(certificates(), call, key, {});
  if (reply.status != 400 && reply.status != 409) return reply;
  // Another node may have given the name away since; then this is a replacement after all.
  if (access.readKey(certificates(), text, key)) return reply;
  call.body = given;
  return access.upsert(certificates(), call, key, {});
}

}  // namespace

void addCertificateEndpoints(Paths& paths, ApiContext& context) {
  paths.add("/certificates/{certificates}",
            {{"GET", [&context](Call& call) { return get(context, call); }},
             {"PUT", [&context](Call& call) { return put(context, call); }}});
}

}  // namespace tollgate::admin
