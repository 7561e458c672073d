#include "source/store/postgres/session.h"

#include "source/schema/rules.h"
#include "source/store/postgres/host_lookup.h"
#include "source/store/postgres/libpq.h"
#include "source/store/postgres/wait.h"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;

/// libpq may hold decrypted bytes that the socket no longer shows, so a wait on TLS looks again.
constexpr std::chrono::milliseconds kTlsSlice{50};

std::string millis(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

const char* sslMode(const PostgresSettings& settings) {
  if (!settings.ssl) return "disable";
  if (settings.sslVerify) return "verify-full";
  return settings.sslRequired ? "require" : "prefer";
}

/// Keys and values for PQconnectStartParams, alive as long as this.
class Parameters {
 public:
  Parameters(const PostgresSettings& settings, const std::string& address) {
    add("host", settings.host);
    if (!address.empty()) add("hostaddr", address);
    add("port", std::to_string(settings.port));
    add("user", settings.user);
    if (!settings.password.empty()) add("password", settings.password);
    add("dbname", settings.database);
    add("sslmode", sslMode(settings));
    if (settings.ssl && settings.sslVerify) {
      add("sslrootcert",
          settings.caFile.empty() ? "/etc/ssl/certs/ca-certificates.crt" : settings.caFile);
    }
    add("gssencmode", "disable");
    add("client_encoding", "UTF8");
    add("application_name", "tollgate");
    add("keepalives_idle", "30");
    add("keepalives_interval", "10");
    add("keepalives_count", "3");
    add("tcp_user_timeout", std::to_string(settings.timeout.count() * 2));
    for (const auto& [key, value] : settings_) {
      keys_.push_back(key);
      values_.push_back(value.c_str());
    }
    keys_.push_back(nullptr);
    values_.push_back(nullptr);
  }
  const char* const* keys() const { return keys_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  void add(const char* key, std::string value) { settings_.emplace_back(key, std::move(value)); }

  std::vector<std::pair<const char*, std::string>> settings_;
  std::vector<const char*> keys_, values_;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// What an operator can do about a connection that was refused with `message`.
const char* connectRemedy(std::string_view message) {
  if (contains(message, "authentication") || contains(message, "password")) {
    return "check pg_user and pg_password";
  }
  if (contains(message, "SSL") || contains(message, "certificate")) {
    return "check pg_ssl, pg_ssl_verify and the server's certificate";
  }
  if (contains(message, "does not exist")) return "create it, or check pg_user and pg_database";
  if (contains(message, "pg_hba.conf")) return "allow this host in the server's pg_hba.conf";
  if (contains(message, "too many")) return "raise the server's max_connections";
  return "check that the server runs, and pg_host and pg_port";
}

const char* statementRemedy(std::string_view state) {
  if (state == "42P01" || state == "3F000") {
    return "; the tables are missing: run `tollgate migrations bootstrap`, or `tollgate migrations "
           "up` after an upgrade";
  }
  if (state == "42703")
    return "; the tables are older than this program: run `tollgate migrations up`";
  if (state == "42501") return "; grant the role pg_user the right to it";
  if (state == "25006") return "; this server is a read-only replica: set pg_host to the primary";
  if (state == "57014" || state == "55P03") {
    return "; the server is busy or another node writes: try again, or raise pg_timeout";
  }
  if (state == "53100") return "; free some space on the server's disk";
  return "";
}

}  // namespace

Result<std::unique_ptr<Session>> Session::connect(const PostgresSettings& settings,
                                                  Deadline deadline, int interruptFd) {
  auto library = Libpq::load();
  if (!library) return library.error();
  std::vector<std::string> addresses{""};  // a Unix socket needs none
  if (settings.host[0] != '/') {
    auto found = lookUpHost(settings.host, deadline, interruptFd);
    if (!found) {
      return Error::unavailable("postgres " + settings.place() + ": " + found.error().text() +
                                "; check pg_host");
    }
    addresses = std::move(found).value();
  }
  Status status;
  for (size_t i = 0; i < addresses.size(); ++i) {
    // An address that swallows packets must leave time for the next one.
    auto now = Clock::now();
    auto share = (deadline - now) / static_cast<int64_t>(addresses.size() - i);
    std::unique_ptr<Session> session(new Session(**library, settings, interruptFd));
    status = session->attempt(addresses[i], now + share);
    if (status.ok()) status = session->prepareSession(deadline);
    if (status.ok()) return session;
  }
  return std::move(status).error();
}

Session::~Session() {
  if (connection_ != nullptr) pq_.PQfinish(connection_);
}

Status Session::attempt(const std::string& address, Deadline deadline) {
  Parameters parameters(settings_, address);
  connection_ = pq_.PQconnectStartParams(parameters.keys(), parameters.values(), 0);
  if (connection_ == nullptr) return Error::unavailable("out of memory");
  pq_.PQsetNoticeReceiver(
      connection_, [](void*, const PGresult*) {}, nullptr);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (pq_.PQstatus(connection_) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
         state != PGRES_POLLING_FAILED) {
    short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    Wait waited = waitFor(pq_.PQsocket(connection_), events, deadline, interruptFd_);
    if (waited != Wait::kReady) {
      lost_ = true;
      if (waited == Wait::kInterrupted) return Error::unavailable("shutting down");
      return Error::unavailable("postgres " + settings_.place() +
                                ": no answer to the log-in within " +
                                millis(settings_.connectTimeout) +
                                "; check pg_host, pg_port and the firewall, or raise pg_timeout");
    }
    state = pq_.PQconnectPoll(connection_);
  }
  if (pq_.PQstatus(connection_) == CONNECTION_OK) {
    pq_.PQsetnonblocking(connection_, 1);
    return {};
  }
  lost_ = true;
  std::string message = lastMessage();
  return Error::unavailable("postgres " + settings_.place() + ": " + message + "; " +
                            connectRemedy(message));
}

Status Session::prepareSession(Deadline deadline) {
  // The server gives up a little earlier than we do, which keeps the connection. A node that went
  // silent within a transaction must not keep the others from writing.
  std::string sql = "SET statement_timeout = " +
                    std::to_string(std::max<int64_t>(1, settings_.timeout.count() * 9 / 10)) +
                    "; SET idle_in_transaction_session_timeout = " +
                    std::to_string(settings_.timeout.count() * 2) +
                    "; SET standard_conforming_strings = on; SET client_min_messages = error";
  if (!settings_.schema.empty()) sql += "; SET search_path TO " + quoteIdentifier(settings_.schema);
  return script(
      sql, [](const SqlRow&) {}, deadline);
}

Status Session::run(std::string_view sql, const std::vector<SqlValue>& parameters,
                    const RowCallback& row, Deadline deadline) {
  sqlState_.clear();
  std::vector<const char*> values;
  for (const SqlValue& value : parameters) {
    if (value && !isStorable(*value)) {
      return Error::invalid("a value is not UTF-8 text, or contains a NUL character");
    }
    values.push_back(value ? value->c_str() : nullptr);
  }
  std::string text(sql);
  if (pq_.PQsendQueryParams(connection_, text.c_str(), static_cast<int>(values.size()), nullptr,
                            values.data(), nullptr, nullptr, 0) == 0) {
    return connectionError("cannot send a statement");
  }
  return finishStatement(row, deadline);
}

Status Session::script(const std::string& sql, const RowCallback& row, Deadline deadline) {
  sqlState_.clear();
  if (pq_.PQsendQuery(connection_, sql.c_str()) == 0)
    return connectionError("cannot send a statement");
  return finishStatement(row, deadline);
}

Status Session::finishStatement(const RowCallback& row, Deadline deadline) {
  pq_.PQsetSingleRowMode(connection_);
  if (Status status = flush(deadline); !status) return status;
  Status status;
  while (true) {
    if (Status waited = awaitResult(deadline); !waited) return status.ok() ? waited : status;
    pg_result* result = pq_.PQgetResult(connection_);
    if (result == nullptr) break;
    take(result, row, status);
    pq_.PQclear(result);
  }
  if (pq_.PQstatus(connection_) == CONNECTION_BAD) {
    if (status.ok()) return connectionError("lost the connection");
    lost_ = true;
  }
  return status;
}

Status Session::flush(Deadline deadline) {
  int left;
  while ((left = pq_.PQflush(connection_)) == 1) {
    // The server may be unable to read on before we read what it says.
    if (Status status = wait(POLLIN | POLLOUT, deadline, "send a statement"); !status)
      return status;
    if (pq_.PQconsumeInput(connection_) == 0) return connectionError("lost the connection");
  }
  if (left < 0) return connectionError("lost the connection");
  return {};
}

Status Session::awaitResult(Deadline deadline) {
  while (pq_.PQisBusy(connection_) != 0) {
    if (Status status = wait(POLLIN, deadline, "answer"); !status) return status;
    if (pq_.PQconsumeInput(connection_) == 0) return connectionError("lost the connection");
  }
  return {};
}

Status Session::wait(short events, Deadline deadline, const char* what) {
  Deadline until =
      pq_.PQsslInUse(connection_) != 0 ? std::min(deadline, Clock::now() + kTlsSlice) : deadline;
  Wait waited = waitFor(pq_.PQsocket(connection_), events, until, interruptFd_);
  if (waited == Wait::kReady || (waited == Wait::kTimeout && until < deadline)) return {};
  lost_ = true;
  if (waited == Wait::kInterrupted) return Error::unavailable("shutting down");
  return Error::unavailable("postgres " + settings_.place() + ": did not " + what + " within " +
                            millis(settings_.timeout) +
                            "; check the server and the network, or raise pg_timeout");
}

void Session::giveRows(const pg_result* result, const RowCallback& row) {
  row_.resize(static_cast<size_t>(pq_.PQnfields(result)));
  for (int line = 0; line < pq_.PQntuples(result); ++line) {
    for (int i = 0; i < static_cast<int>(row_.size()); ++i) {
      SqlValue& value = row_[static_cast<size_t>(i)];
      if (pq_.PQgetisnull(result, line, i) != 0) {
        value.reset();
      } else {
        value.emplace(pq_.PQgetvalue(result, line, i),
                      static_cast<size_t>(pq_.PQgetlength(result, line, i)));
      }
    }
    row(row_);
  }
}

void Session::take(pg_result* result, const RowCallback& row, Status& status) {
  switch (pq_.PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
      if (status.ok()) giveRows(result, row);
      break;
    case PGRES_TUPLES_OK:
      if (status.ok()) giveRows(result, row);
      commandTag_ = pq_.PQcmdStatus(result);
      break;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      commandTag_ = pq_.PQcmdStatus(result);
      break;
    default:
      if (status.ok()) status = serverError(result);
  }
}

Error Session::serverError(pg_result* result) {
  const char* state = pq_.PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = pq_.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr) return connectionError("lost the connection");
  sqlState_ = state;
  // Of a failover: the next call finds the new primary. 57P: the server goes down.
  if (sqlState_ == "25006" || sqlState_.starts_with("57P")) lost_ = true;
  // The detail is left out: it quotes values, which may be secret.
  Error error = Error::unavailable("postgres " + settings_.place() + ": " +
                                   (message != nullptr ? message : "unknown error") +
                                   " (SQLSTATE " + sqlState_ + ")" + statementRemedy(sqlState_));
  if (sqlState_.starts_with("22")) error.kind = Error::Kind::kInvalid;
  if (sqlState_.starts_with("23")) error.kind = Error::Kind::kConflict;
  return error;
}

Error Session::connectionError(const std::string& what) {
  lost_ = true;
  return Error::unavailable("postgres " + settings_.place() + ": " + what + ": " + lastMessage() +
                            "; the next call connects again");
}

std::string Session::lastMessage() const {
  std::string text = pq_.PQerrorMessage(connection_);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "; ";
    } else if (c != '\t') {
      out += c;
    }
  }
  return out.empty() ? "no reason given" : out;
}

Result<std::vector<std::string>> Session::notifications(Deadline deadline) {
  std::vector<std::string> payloads;
  while (true) {
    if (pq_.PQconsumeInput(connection_) == 0) return connectionError("lost the connection");
    while (PGnotify* note = pq_.PQnotifies(connection_)) {
      payloads.emplace_back(note->extra);
      pq_.PQfreemem(note);
    }
    if (!payloads.empty() || Clock::now() >= deadline) return payloads;
    if (waitFor(pq_.PQsocket(connection_), POLLIN, deadline, interruptFd_) == Wait::kInterrupted) {
      return Error::unavailable("shutting down");
    }
  }
}

bool Session::alive() {
  // A farewell message comes before the end of the stream, hence more than one look.
  for (int i = 0; i < 8 && !lost_; ++i) {
    if (waitFor(pq_.PQsocket(connection_), POLLIN, Clock::now(), -1) != Wait::kReady) return true;
    if (pq_.PQconsumeInput(connection_) == 0) lost_ = true;
    (void)pq_.PQisBusy(connection_);  // takes in what was read
    if (pq_.PQstatus(connection_) == CONNECTION_BAD) lost_ = true;
  }
  return !lost_;
}

int Session::backendPid() const { return pq_.PQbackendPID(connection_); }

std::string quoteIdentifier(std::string_view text) {
  std::string out = "\"";
  for (char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

std::string quoteLiteral(std::string_view text) {
  std::string out = "'";
  for (char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + '\'';
}

bool isStorable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && schema::invalidUtf8At(text) == 0;
}

}  // namespace tollgate::store
