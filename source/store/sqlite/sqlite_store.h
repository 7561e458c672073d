#pragma once

#include <memory>
#include <string>

#include "source/store/key_extractor.h"
#include "source/store/store.h"

namespace tollgate::store {

/// The embedded store: one SQLite file (created with mode 0600), written ahead and synced, so that an
/// acknowledged write survives a kill. Errors name the file and the remedy.
Result<std::unique_ptr<Store>> openSqlite(const std::string& path, KeyExtractor keys);

}  // namespace tollgate::store
