#include "source/store/file/held_back.h"

#include <utility>

namespace tollgate::store {

void HeldBack::add(const Declared& entity) {
  entries_[entity.schema].push_back({entity.id, Json::to_cbor(entity.doc), entity.createdAtGiven,
                                     entity.updatedAtGiven, entity.madeUp});
}

Status HeldBack::giveAll(const std::function<Status(Declared)>& each) {
  auto entries = std::exchange(entries_, {});
  for (const schema::EntitySchema* schema : schema::EntitySchema::all()) {
    for (Entry& entry : entries[schema]) {
      Declared entity{schema,
                      std::move(entry.id),
                      Json::from_cbor(entry.doc),
                      entry.createdAtGiven,
                      entry.updatedAtGiven,
                      std::move(entry.madeUp)};
      entry.doc = {};
      if (Status given = each(std::move(entity)); !given) return given;
    }
  }
  return {};
}

}  // namespace tollgate::store
