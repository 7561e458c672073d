#pragma once

#include <string>

#include "source/base/result.h"
#include "source/server/settings.h"

namespace tollgate::server {

/// The cluster's secret for credentials at rest, from outside the database.
struct CredentialSecret {
  std::string text;  ///< "": there is none.
  std::string
      notice;         ///< For the log: where it came from if it was made, or what is wrong with it.
  bool made = false;  ///< Just now, in the prefix folder.
};

/// Of the settings credential_secret or credential_secret_file; "" where neither is set. Errors
/// name the setting and the remedy.
Result<CredentialSecret> configuredSecret(const Settings& settings);

/// Of the file credential.secret in the prefix folder. Where there is none, one is made (mode 0600,
/// by whoever comes first), unless `mayCreate` is false: then there is no secret.
Result<CredentialSecret> prefixSecret(const std::string& prefix, bool mayCreate);

}  // namespace tollgate::server
