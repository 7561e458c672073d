#include "source/server/open_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "source/crypto/secret.h"
#include "source/log/error_log.h"
#include "source/server/credential_secret.h"
#include "source/store/postgres/migrations.h"
#include "source/store/sealed/sealing_store.h"
#include "source/store/sqlite/last_good_reader.h"
#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::server {
namespace {

/// Fails if the tables are not those of this version; says in `outage` if they cannot be seen:
/// `patience` is for connecting, and again for the answer.
Status probe(store::PostgresSettings settings, std::chrono::milliseconds patience,
             std::string& outage) {
  settings.connectTimeout = settings.timeout = patience;
  store::Migrations::Options limits;
  limits.timeout = patience;
  auto migrations = store::Migrations::open(std::move(settings), limits);
  if (!migrations) return migrations.error();
  auto state = (*migrations)->state();
  if (!state) {
    if (state.error().kind != Error::Kind::kUnavailable) return state.error();
    outage = state.error().text();
    return {};
  }
  if (state->needsBootstrap) {
    return Error::invalid(
        "Database needs bootstrapping or is older than Kong 1.0.\n\nTo start a new installation "
        "from "
        "scratch, run 'tollgate migrations bootstrap'.");
  }
  if (!state->fresh.empty()) {
    return Error::invalid("New migrations available; run 'tollgate migrations up' to proceed");
  }
  return {};
}

}  // namespace

Result<store::PostgresSettings> postgresSettings(const Settings& settings) {
  store::PostgresSettings out;
  double port = settings.number("pg_port");
  if (port < 1 || port > 65535) {
    return Error::invalid("pg_port has an invalid value: '" + settings.text("pg_port") +
                          "' (1 to 65535)");
  }
  out.host = settings.text("pg_host");
  out.port = static_cast<uint16_t>(port);
  out.user = settings.text("pg_user");
  out.password = settings.text("pg_password");
  out.database = settings.text("pg_database");
  out.schema = settings.text("pg_schema");
  out.ssl = settings.flag("pg_ssl");
  out.sslVerify = settings.flag("pg_ssl_verify");
  out.sslRequired = settings.flag("pg_ssl_required");
  for (const std::string& file : settings.list("lua_ssl_trusted_certificate")) {
    if (file != "system") out.caFile = file;
  }
  double timeout = std::clamp(settings.number("pg_timeout"), 1.0, 3600000.0);
  out.timeout = out.connectTimeout = std::chrono::milliseconds(static_cast<int64_t>(timeout));
  double poll = std::clamp(settings.number("db_update_frequency"), 0.1, 3600.0);
  out.pollInterval = std::chrono::milliseconds(static_cast<int64_t>(poll * 1000));
  out.tell = [](const std::string& text) { log::error(log::Level::kWarn, text); };
  return out;
}

namespace {

/// How long a node with a configuration of its own waits at its start for the database.
std::chrono::milliseconds startWait(const Settings& settings) {
  const double wait = std::clamp(settings.number("pg_start_wait"), 1.0, 3600000.0);
  return std::chrono::milliseconds(static_cast<int64_t>(wait));
}

/// The secret for this store and mode; "" where none is to be had.
Result<CredentialSecret> findSecret(const Settings& settings, const std::string& prefix,
                                    bool freshSecret, store::Store& plain) {
  auto secret = configuredSecret(settings);
  if (!secret || !secret->text.empty() || settings.text("database") == "postgres") return secret;
  if (settings.text("credential_storage") == "plain") {
    // Not needed for writing; what was written in the other mode is still to be read.
    secret = prefixSecret(prefix, false);
    if (secret) secret->notice.clear();
    return secret;
  }
  auto name = plain.fact(store::SealingStore::kSecretFact);
  if (!name) return name.error();
  return prefixSecret(prefix,
                      freshSecret || name->empty() || *name == store::SealingStore::kNoSecret);
}

/// The secret, and with it all that protects credentials. `plain` is the store without protection.
Status openCredentials(const Settings& settings, const std::string& prefix, bool freshSecret,
                       store::Store& plain, OpenedStore& out) {
  bool keptPlain = settings.text("credential_storage") == "plain";
  auto secret = findSecret(settings, prefix, freshSecret, plain);
  if (!secret) return secret.error();
  // Without a database there is no store that anybody would make a backup of.
  const bool untold = secret->made && settings.text("database") == "off";
  if (!secret->notice.empty() && !untold) log::error(log::Level::kWarn, secret->notice);
  if (secret->text.empty() && !keptPlain && settings.text("database") == "postgres") {
    log::error(log::Level::kWarn,
               "no credential_secret is set: API keys are kept as digests without a key, and "
               "secrets and private keys as they are; set credential_secret, the same on all nodes "
               "(`openssl rand -base64 32` makes one)");
  }
  store::Credentials::Options options;
  double cost = settings.number("credential_password_cost");
  if (cost < 10 || cost > 16) {
    return Error::invalid("credential_password_cost has an invalid value: '" +
                          settings.text("credential_password_cost") +
                          "' (10 to 16: 1 to 64 MiB for each password that is hashed)");
  }
  options.passwordCost.logCost = static_cast<int>(cost);
  out.credentials = std::make_shared<store::Credentials>(secret->text, options);
  crypto::wipe(secret->text);
  out.protector = std::make_shared<store::Protector>(
      out.credentials,
      keptPlain ? store::Protector::Mode::kPlain : store::Protector::Mode::kProtected,
      [](const std::string& trouble) { log::error(log::Level::kError, trouble); });
  return {};
}

std::string copyPath(const std::string& prefix) { return prefix + "/last-good.db"; }

/// The node's own copy of what is in `database`.
Status openLastGood(const Settings& settings, const std::string& prefix,
                    const store::PostgresSettings& database, OpenedStore& out) {
  // Another program may read documents in another way, another secret open other ones.
  std::string conditions =
      fmt::format("{} {} {}", TOLLGATE_VERSION, settings.text("credential_storage"),
                  out.credentials->secretId());
  auto kept = store::LastGood::open(copyPath(prefix), database.identity(), out.protector,
                                    std::move(conditions));
  if (!kept) return kept.error();
  out.lastGood = std::move(kept).value();
  if (const std::string& notice = out.lastGood->notice(); !notice.empty()) {
    log::error(log::Level::kError, notice);
  }
  return {};
}

/// What the Admin API reads from. A store in memory has one connection only.
Status openReaders(const Settings& settings, const std::string& prefix,
                   const std::optional<store::PostgresSettings>& database, OpenedStore& out) {
  if (settings.text("database") == "off") return {};
  const auto keys = store::KeyExtractor::fromSchemas();
  // One of their own for each thread; what is wrong with rows is told by the one that serves.
  auto sealed = [&](std::unique_ptr<store::Store> inner) {
    return std::make_unique<store::SealingStore>(
        std::move(inner),
        std::make_shared<store::Protector>(out.credentials, out.protector->mode()));
  };
  std::optional<store::PostgresSettings> hasty = database;
  if (hasty) {
    const double wait = std::clamp(settings.number("pg_read_wait"), 1.0, 3600000.0);
    const auto limit = std::chrono::milliseconds(static_cast<int64_t>(wait));
    hasty->timeout = std::min(hasty->timeout, limit);
    hasty->connectTimeout = std::min(hasty->connectTimeout, limit);
  }
  auto reader =
      hasty ? store::openPostgres(*hasty, keys) : store::openSqlite(prefix + "/tollgate.db", keys);
  if (!reader) return reader.error();
  out.reader = sealed(std::move(reader).value());
  if (database) {
    out.copyReader =
        sealed(store::openLastGoodReader(copyPath(prefix), database->identity(), keys));
  }
  return {};
}

}  // namespace

Result<OpenedStore> openStore(const Settings& settings, const std::string& prefix,
                              OpenFor purpose) {
  OpenedStore out;
  const std::string& kind = settings.text("database");
  auto keys = store::KeyExtractor::fromSchemas();
  std::optional<store::PostgresSettings> database;
  if (kind == "postgres") {
    auto configured = postgresSettings(settings);
    if (!configured) return configured.error();
    database = std::move(configured).value();
  }
  auto opened = database        ? store::openPostgres(*database, keys)
                : kind == "off" ? store::openMemory(keys)
                                : store::openSqlite(prefix + "/tollgate.db", keys);
  if (!opened) return opened.error();
  const bool freshSecret = purpose == OpenFor::kAdoption;
  Status done = openCredentials(settings, prefix, freshSecret, **opened, out);
  if (done.ok() && database && purpose == OpenFor::kServing) {
    done = openLastGood(settings, prefix, *database, out);
  }
  if (done.ok() && database) {
    // Who has nothing else to serve waits for as long as for any answer.
    const bool urgent = out.lastGood != nullptr && out.lastGood->savedRevision().ok();
    done = probe(*database, urgent ? startWait(settings) : database->timeout, out.outage);
  }
  if (done.ok() && purpose == OpenFor::kServing) {
    done = openReaders(settings, prefix, database, out);
  }
  if (!done) return done.error();
  out.store = std::make_unique<store::SealingStore>(std::move(opened).value(), out.protector);
  if (kind == "off" && purpose == OpenFor::kServing) {
    auto declared = std::make_unique<store::DeclaredStore>(std::move(out.store), out.protector);
    out.declared = declared.get();
    out.store = std::move(declared);
  }
  return out;
}

}  // namespace tollgate::server
