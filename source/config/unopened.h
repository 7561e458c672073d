#pragma once

#include "source/schema/entity_schema.h"
#include "source/store/sealed/stored_form.h"

namespace tollgate::config {

/// Empties the sealed secrets of a document that this node could not open: their stored form is no
/// secret, and nobody else's business. A filter must not take it for one.
inline void emptyUnopened(const schema::EntitySchema& schema, Json& doc) {
  for (const schema::AtRestField& field : schema.atRestFields()) {
    if (field.how != schema::AtRest::kSealed) continue;
    const std::string* value = field.in(doc);
    if (value != nullptr && store::hasStoredFormMark(*value)) field.set(doc, "");
  }
}

}  // namespace tollgate::config
