#include "source/admin/certificate_endpoints.h"

#include <algorithm>

#include "source/admin/certificate_snis.h"
#include "source/admin/entity_access.h"
#include "source/admin/errors.h"
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

/// By a server name: the certificate gets that name, and is a new one where nobody has it.
Reply put(ApiContext& context, Call& call) {
  EntityAccess access(context);
  const std::string& text = call.params[0];
  EntityKey key;
  Stop unknown = access.readKey(certificates(), text, key);
  if (unknown && unknown->status != 404) return std::move(*unknown);
  if (unknown) key = {"id", schema::makeUuid()};
  if (!isUuid(text)) {
    Json& names = call.body["snis"];
    if (names.is_string()) names = Json::array({names});
    if (names.is_null()) names = Json::array();
    if (names.is_array() && std::find(names.begin(), names.end(), text) == names.end()) {
      names.push_back(text);
    }
  }
  return access.upsert(certificates(), call, key, {});
}

}  // namespace

void addCertificateEndpoints(Paths& paths, ApiContext& context) {
  paths.add("/certificates/{certificates}",
            {{"GET", [&context](Call& call) { return get(context, call); }},
             {"PUT", [&context](Call& call) { return put(context, call); }}});
}

}  // namespace tollgate::admin
