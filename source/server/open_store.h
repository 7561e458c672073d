#pragma once

#include <memory>
#include <string>

#include "source/base/result.h"
#include "source/server/settings.h"
#include "source/store/file/declared_store.h"
#include "source/store/postgres/postgres_store.h"
#include "source/store/sealed/credentials.h"
#include "source/store/sealed/protector.h"
#include "source/store/sqlite/last_good.h"
#include "source/store/store.h"

namespace tollgate::server {

struct OpenedStore {
  std::unique_ptr<store::Store> store;        ///< Protects credentials on the way in.
  store::DeclaredStore* declared = nullptr;   ///< `store`, for serving without a database.
  std::unique_ptr<store::LastGood> lastGood;  ///< Of a store that may be out of reach, for serving.
  /// For kServing, on connections of their own: a store to read from beside `store`, and the copy
  /// to read from where that one does not answer. Null where there is none.
  std::unique_ptr<store::Store> reader, copyReader;
  std::shared_ptr<const store::Credentials> credentials;
  std::shared_ptr<store::Protector> protector;
  std::string outage;  ///< Why the store is out of reach just now; "" if it answers.
};

enum class OpenFor {
  kCommand,
  kServing,   ///< With the last good copy; where there is one, the database is not waited for long.
  kAdoption,  ///< A missing secret is made anew even if the store has credentials under the lost
              ///< one.
};

/// The store that `database` names, with its tables up to date or out of reach; an embedded one,
/// its secret and the last good copy live in `prefix`.
Result<OpenedStore> openStore(const Settings& settings, const std::string& prefix,
                              OpenFor purpose = OpenFor::kCommand);
/// What the pg_* settings say; errors name the setting.
Result<store::PostgresSettings> postgresSettings(const Settings& settings);

}  // namespace tollgate::server
