#include "source/store/postgres/settings.h"

namespace tollgate::store {
namespace {

bool hasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

}  // namespace

Status PostgresSettings::check() const {
  if (host.empty()) return Error::invalid("pg_host is empty; name the server", "pg_host");
  if (host.find(',') != std::string::npos) {
    return Error::invalid("name one host; put a balancer or a DNS name before several", "pg_host");
  }
  if (port == 0) return Error::invalid("must be from 1 to 65535", "pg_port");
  if (user.empty()) return Error::invalid("is empty; name the role to log in as", "pg_user");
  if (database.empty()) return Error::invalid("is empty; name the database", "pg_database");
  for (const auto* text : {&host, &user, &password, &database, &schema, &caFile}) {
    if (hasNul(*text)) return Error::invalid("a pg_* setting contains a NUL character");
  }
  using std::chrono::milliseconds;
  if (timeout <= milliseconds(0)) return Error::invalid("must be above 0 ms", "pg_timeout");
  if (connectTimeout <= milliseconds(0)) {
    return Error::invalid("the time to connect must be above 0 ms", "pg_timeout");
  }
  if (pollInterval <= milliseconds(0)) {
    return Error::invalid("must be above 0", "db_update_frequency");
  }
  return {};
}

std::string PostgresSettings::place() const {
  return host + ":" + std::to_string(port) + "/" + database;
}

std::string PostgresSettings::identity() const {
  return "postgres://" + user + "@" + place() + "?schema=" + schema;
}

}  // namespace tollgate::store
