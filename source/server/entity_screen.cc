#include "source/server/entity_screen.h"

namespace tollgate::server {

bool EntityScreen::admits(const store::Change& change) {
  const std::pair name(change.kind, change.id);
  std::string cause;
  if (change.op != store::Change::Op::kDelete) {
    const schema::EntitySchema* schema = schema::EntitySchema::find(change.kind);
    if (schema == nullptr) {
      cause = "this version knows no such kind";
    } else {
      cause = change.doc.is_object() ? schema->misfit(change.doc) : "not a JSON object";
    }
  }
  if (cause.empty()) {
    if (!problems_.empty() && problems_.erase(name) > 0) ++changes_;
    return true;
  }
  note({change.kind, change.id, std::move(cause)});
  return false;
}

void EntityScreen::note(const store::Unreadable& row) {
  problems_[{row.kind, row.id}] = row.cause;
  ++changes_;
}

std::vector<std::string> EntityScreen::problems() const {
  std::vector<std::string> out;
  for (const auto& [name, cause] : problems_) {
    out.push_back(name.first + "/" + name.second + ": " + cause);
  }
  return out;
}

}  // namespace tollgate::server
