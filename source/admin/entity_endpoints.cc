#include "source/admin/entity_endpoints.h"

#include "source/admin/body.h"
#include "source/admin/entity_access.h"
#include "source/admin/errors.h"

namespace tollgate::admin {
namespace {

using schema::ForeignField;

std::string param(const EntitySchema& schema) { return "/{" + schema.kind() + "}"; }

/// Consumers may be asked for by custom_id; the answer is a list of at most one.
Reply listByCustomId(EntityAccess& access, const EntitySchema& schema, Call& call,
                     const std::string& customId) {
  if (customId.empty()) return message(400, "custom_id must be an unempty string");
  Json doc;
  if (Stop stop = access.find(schema, {"custom_id", customId}, call.now, doc))
    return std::move(*stop);
  Json data = Json::array();
  if (!doc.is_null()) {
    if (Stop stop = access.print(schema, doc, call.now, data.emplace_back())) {
      return std::move(*stop);
    }
  }
  return Reply::of(200, {{"data", std::move(data)}, {"next", nullptr}});
}

/// "/services" and "/services/{services}".
class TopLevel {
 public:
  TopLevel(const EntitySchema& schema, ApiContext& context)
      : schema_(schema), access_(context), path_("/" + schema.pathNames().collection) {}

  Reply list(Call& call) {
    if (schema_.kind() == "consumers") {
      if (auto id = queryValue(call.query, "custom_id")) {
        return listByCustomId(access_, schema_, call, *id);
      }
    }
    return access_.list(schema_, call, {}, path_, true);
  }
  Reply create(Call& call) { return access_.insert(schema_, call, {}); }
  Reply get(Call& call) {
    Json doc;
    if (Stop stop = access_.require(schema_, call.params[0], call.now, doc))
      return std::move(*stop);
    return access_.answer(schema_, 200, doc, call.now);
  }
  Reply put(Call& call) {
    EntityKey key;
    if (Stop stop = access_.readKey(schema_, call.params[0], key)) return std::move(*stop);
    return access_.upsert(schema_, call, key, {});
  }
  Reply patch(Call& call) {
    EntityKey key;
    Json stored;
    if (Stop stop = access_.readKey(schema_, call.params[0], key)) return std::move(*stop);
    if (Stop stop = access_.find(schema_, key, call.now, stored)) return std::move(*stop);
    if (!stored.is_null()) return access_.patch(schema_, call, stored, key);
    // A plugin without a name must first be read, and that reading has the short answer.
    if (schema_.kind() == "plugins" && !call.body.contains("name")) return notFound();
    return missingEntity(key.fields);
  }
  Reply remove(Call& call) {
    EntityKey key;
    Json stored;
    if (Stop stop = access_.readKey(schema_, call.params[0], key)) return std::move(*stop);
    if (Stop stop = access_.findToReplace(schema_, key, call.now, stored)) return std::move(*stop);
    if (stored.is_null()) return Reply::empty(204);
    return access_.remove(schema_, call, stored["id"].get<std::string>(), key);
  }

 private:
  const EntitySchema& schema_;
  EntityAccess access_;
  std::string path_;
};

/// "/services/{services}/routes" and "/services/{services}/routes/{routes}".
class Nested {
 public:
  Nested(const EntitySchema& schema, const ForeignField& field, const EntitySchema& parent,
         ApiContext& context)
      : schema_(schema), field_(field), parent_(parent), access_(context) {}

  Reply list(Call& call) {
    Owner owner;
    if (Stop stop = readOwner(call, owner)) return std::move(*stop);
    store::ListQuery query;
    query.foreignField = owner.field;
    query.foreignId = owner.id;
    return access_.list(schema_, call, query,
                        "/" + parent_.pathNames().collection + "/" + call.rawParams[0] + "/" +
                            schema_.pathNames().nested,
                        false);
  }
  Reply create(Call& call) {
    Owner owner;
    if (Stop stop = readOwner(call, owner)) return std::move(*stop);
    return access_.insert(schema_, call, owner);
  }
  Reply get(Call& call) {
    EntityKey key;
    Json doc;
    if (Stop stop = readOwned(call, key, doc)) return std::move(*stop);
    return access_.answer(schema_, 200, doc, call.now);
  }
  Reply put(Call& call) {
    Owner owner;
    EntityKey key;
    if (Stop stop = readOwner(call, owner)) return std::move(*stop);
    if (Stop stop = access_.readKey(schema_, owner, call.params[1], key)) return std::move(*stop);
    return access_.upsert(schema_, call, key, owner);
  }
  Reply patch(Call& call) {
    EntityKey key;
    Json doc;
    if (Stop stop = readOwned(call, key, doc)) return std::move(*stop);
    return access_.patch(schema_, call, doc, key);
  }
  Reply remove(Call& call) {
    EntityKey key;
    Json doc;
    if (Stop stop = readOwned(call, key, doc)) return std::move(*stop);
    return access_.remove(schema_, call, doc["id"].get<std::string>(), key);
  }

 private:
  Stop readOwner(Call& call, Owner& owner) {
    Json parent;
    if (Stop stop = access_.require(parent_, call.params[0], call.now, parent)) return stop;
    owner = {field_.field, parent["id"].get<std::string>()};
    return {};
  }
  Stop readOwned(Call& call, EntityKey& key, Json& doc) {
    Owner owner;
    if (Stop stop = readOwner(call, owner)) return stop;
    if (Stop stop = access_.readKey(schema_, owner, call.params[1], key)) return stop;
    if (Stop stop = access_.require(schema_, key, call.now, doc)) return stop;
    if (doc.value(owner.field, Json()) != Json{{"id", owner.id}}) return notFound();
    return {};
  }

  const EntitySchema& schema_;
  const ForeignField& field_;
  const EntitySchema& parent_;
  EntityAccess access_;
};

/// "/routes/{routes}/service": what an entity refers to.
class Singular {
 public:
  Singular(const EntitySchema& schema, const ForeignField& field, const EntitySchema& target,
           ApiContext& context)
      : schema_(schema), field_(field), target_(target), access_(context) {}

  Reply get(Call& call) {
    Json holder, doc;
    if (Stop stop = read(call, holder, doc)) return std::move(*stop);
    if (doc.is_null()) return notFound();
    return access_.answer(target_, 200, doc, call.now);
  }
  Reply put(Call& call) {
    Json holder, doc;
    if (Stop stop = read(call, holder, doc)) return std::move(*stop);
    if (doc.is_null()) return access_.insertLinked(target_, call, schema_, holder, field_.field);
    return access_.upsert(target_, call, {"id", doc["id"].get<std::string>()}, {});
  }
  Reply patch(Call& call) {
    Json holder, doc;
    if (Stop stop = read(call, holder, doc)) return std::move(*stop);
    if (doc.is_null()) return notFound();
    return access_.patch(target_, call, doc, {"id", doc["id"].get<std::string>()});
  }
  Reply remove(Call& call) {
    Json holder, doc;
    if (Stop stop = read(call, holder, doc)) return std::move(*stop);
    return doc.is_null() ? notFound() : methodNotAllowed();
  }

 private:
  Stop read(Call& call, Json& holder, Json& doc) {
    if (Stop stop = access_.require(schema_, call.params[0], call.now, holder)) return stop;
    const Json reference = holder.value(field_.field, Json());
    if (!reference.is_object() || !reference.contains("id")) return {};
    return access_.find(target_, {"id", reference["id"].get<std::string>()}, call.now, doc);
  }

  const EntitySchema& schema_;
  const ForeignField& field_;
  const EntitySchema& target_;
  EntityAccess access_;
};

/// The handler of one method of a shared endpoint object.
template <typename T>
Handler bind(const std::shared_ptr<T>& object, Reply (T::*method)(Call&)) {
  return [object, method](Call& call) { return ((*object).*method)(call); };
}

template <typename T>
std::map<std::string, Handler> collectionMethods(const std::shared_ptr<T>& object) {
  return {{"GET", bind(object, &T::list)}, {"POST", bind(object, &T::create)}};
}

template <typename T>
std::map<std::string, Handler> entityMethods(const std::shared_ptr<T>& object) {
  return {{"GET", bind(object, &T::get)},
          {"PUT", bind(object, &T::put)},
          {"PATCH", bind(object, &T::patch)},
          {"DELETE", bind(object, &T::remove)}};
}

}  // namespace

void addEntityEndpoints(Paths& paths, ApiContext& context) {
  for (const EntitySchema* schema : EntitySchema::all()) {
    const schema::PathNames& names = schema->pathNames();
    if (!names.plugin.empty() && !context.pluginListed(names.plugin)) continue;
    const std::string collection = "/" + names.collection;
    if (schema->hasOwnPaths()) {
      auto top = std::make_shared<TopLevel>(*schema, context);
      paths.add(collection, collectionMethods(top));
      paths.add(collection + param(*schema), entityMethods(top));
    }
    for (const auto& field : schema->foreignFields()) {
      const EntitySchema* target = EntitySchema::find(field.targetKind);
      if (!target) continue;
      const std::string nestedPath =
          "/" + target->pathNames().collection + param(*target) + "/" + names.nested;
      auto nested = std::make_shared<Nested>(*schema, field, *target, context);
      paths.add(nestedPath, collectionMethods(nested));
      paths.add(nestedPath + param(*schema), entityMethods(nested));
      if (!schema->hasOwnPaths() || field.field == names.withoutPath) continue;
      auto singular = std::make_shared<Singular>(*schema, field, *target, context);
      paths.add(collection + param(*schema) + "/" + field.field, entityMethods(singular));
    }
  }
}

}  // namespace tollgate::admin
