#pragma once

#include <memory>
#include <string>

#include "source/base/result.h"
#include "source/config/credentials.h"
#include "source/server/settings.h"
#include "source/store/postgres/postgres_store.h"
#include "source/store/sealed/protector.h"
#include "source/store/sqlite/last_good.h"
#include "source/store/store.h"

namespace tollgate::server {

struct OpenedStore {
  std::unique_ptr<store::Store> store;        ///< Protects credentials on the way in.
  std::unique_ptr<store::LastGood> lastGood;  ///< For a store that may be out of reach; else null.
  std::shared_ptr<const config::Credentials> credentials;
  std::shared_ptr<store::Protector> protector;
  std::string outage;  ///< Why the store is out of reach just now; "" if it answers.
};

/// The store that `database` names, with its tables up to date or out of reach; an embedded one,
/// its secret and the last good copy live in `prefix`. `freshSecret`: a secret that is missing
/// there is made anew even if the store has credentials under the lost one.
Result<OpenedStore> openStore(const Settings& settings, const std::string& prefix,
                              bool freshSecret = false);
/// What the pg_* settings say; errors name the setting.
Result<store::PostgresSettings> postgresSettings(const Settings& settings);

}  // namespace tollgate::server
