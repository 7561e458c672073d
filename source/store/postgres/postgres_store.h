#pragma once

#include <memory>

#include "source/store/key_extractor.h"
#include "source/store/postgres/settings.h"
#include "source/store/store.h"

namespace tollgate::store {

/// The store in Postgres. The server need not be up: calls connect when they need to, and answer
/// kUnavailable with cause and remedy while it is out of reach. kInvalid where the settings make no
/// sense. watch() tells of other nodes' writes at once, by notification.
Result<std::unique_ptr<Store>> openPostgres(PostgresSettings settings, KeyExtractor keys);

}  // namespace tollgate::store
