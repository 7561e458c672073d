#pragma once

#include <functional>
#include <string>

#include "source/store/store.h"

namespace tollgate::store {

/// Gives everything in `store` as a declarative file, piece by piece, in an order and a form that
/// depend on the entities alone: the same entities give the same bytes from every store. Documents
/// are written as they are kept (stored forms of credentials unchanged). kConflict where the store
/// was written to meanwhile: begin again.
Status exportStore(Store& store, const std::function<Status(std::string_view)>& write);
/// As above, as one text.
Result<std::string> exportText(Store& store);

}  // namespace tollgate::store
