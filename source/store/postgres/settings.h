#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "source/base/result.h"

namespace tollgate::store {

/// Where the database is and how long it may take (pg_* of the configuration).
struct PostgresSettings {
  std::string host = "127.0.0.1";  ///< A name, an address, or the folder of a Unix socket.
  uint16_t port = 5432;
  std::string user = "kong";
  std::string password;
  std::string database = "kong";
  std::string schema;  ///< "" leaves the role's search_path.

  bool ssl = false;  ///< Ask for TLS; plain text if the server has none, unless sslRequired.
  bool sslRequired = false;  ///< Never plain text.
  bool sslVerify = false;  ///< Check certificate and host name against caFile; implies sslRequired.
  std::string caFile;      ///< "" means the system's certificates.

  std::chrono::milliseconds timeout{5000};         ///< For one statement as a whole.
  std::chrono::milliseconds connectTimeout{5000};  ///< Name look-up, TCP, TLS and log-in together.
  std::chrono::milliseconds pollInterval{5000};    ///< How often watch() looks without being told.

  /// Hears what an operator should know of the database, from any thread; may be empty.
  std::function<void(const std::string& text)> tell;

  /// Whether they make sense; errors name the setting.
  Status check() const;
  /// "db.internal:5432/kong": for messages. No secret.
  std::string place() const;
  /// Tells one configuration database from another: place, user and schema. No secret.
  std::string identity() const;
};

}  // namespace tollgate::store
