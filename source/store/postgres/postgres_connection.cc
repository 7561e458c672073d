#include "source/store/postgres/postgres_connection.h"

#include <algorithm>
#include <thread>

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{200};
constexpr milliseconds kLastBackoff{3000};
constexpr milliseconds kOutcomeInterval{50};
/// Of a load, for what is done with a part of it.
constexpr milliseconds kPartPause{60000};
constexpr const char* kFetch = "FETCH 500 FROM whole";
/// First half of the advisory locks' key; the second is the object that is locked.
constexpr const char* kLockClass = "1414482516";

void ignoreRow(const SqlRow&) {}

}  // namespace

Status PostgresConnection::ensureConnected() {
  if (session_ && session_->alive()) return {};
  session_.reset();
  auto now = Clock::now();
  if (now < nextAttempt_) {
    auto left = std::chrono::ceil<milliseconds>(nextAttempt_ - now);
    return Error::unavailable(lastCause_ + " (next attempt in " + std::to_string(left.count()) +
                              " ms)");
  }
  auto connected = Session::connect(settings_, now + settings_.connectTimeout);
  if (!connected) {
    lastCause_ = connected.error().text();
    backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLastBackoff);
    nextAttempt_ = Clock::now() + backoff_;
    return std::move(connected).error();
  }
  session_ = std::move(connected).value();
  backoff_ = milliseconds(0);
  nextAttempt_ = {};
  return {};
}

Status PostgresConnection::query(std::string_view sql, const std::vector<SqlValue>& parameters,
                                 const std::function<void(const SqlRow&)>& row) {
  if (transaction_ == Transaction::kNone) {
    if (Status status = ensureConnected(); !status) return status;
  } else if (!session_ || session_->lost()) {
    return Error::unavailable("postgres " + settings_.place() +
                              ": the connection was lost within a transaction, of which nothing "
                              "was written; try again");
  }
  return session_->run(sql, parameters, row, statementDeadline());
}

/// Through a cursor: the server would count the time that `row` takes as its own, and end a single
/// statement that is read slowly. It holds no lock that writers wait for, so it may also pause for
/// longer than others.
Status PostgresConnection::queryLong(const std::string& sql,
                                     const std::function<void(const SqlRow&)>& row) {
  const milliseconds pause = std::max(kPartPause, 2 * settings_.timeout);
  Status status =
      begin(Transaction::kRead,
            "BEGIN READ ONLY; SET LOCAL idle_in_transaction_session_timeout = " +
                std::to_string(pause.count()) + "; DECLARE whole NO SCROLL CURSOR FOR " + sql);
  std::vector<SqlRow> part;
  do {
    part.clear();
    if (status.ok()) {
      status = query(kFetch, {}, [&](const SqlRow& each) { part.push_back(each); });
    }
    if (!status) break;
    for (const SqlRow& each : part) row(each);
  } while (!part.empty());
  rollback();  // nothing was written
  return status;
}

Status PostgresConnection::begin(Transaction kind, const std::string& sql) {
  if (Status status = ensureConnected(); !status) return status;
  transaction_ = kind;
  transactionId_.clear();
  Status status = session_->script(
      sql,
      [&](const SqlRow& row) {
        if (row[0] && !row[0]->empty()) transactionId_ = *row[0];
      },
      statementDeadline());
  backendPid_ = session_->backendPid();
  if (!status) rollback();
  return status;
}

Status PostgresConnection::beginWrite() {
  // The lock makes revisions grow in the order of the commits, without gaps. It is the table's own,
  // so that gateways in other schemas of the database go on.
  return begin(Transaction::kWrite,
               std::string("BEGIN; SELECT pg_advisory_xact_lock(") + kLockClass +
                   ", 'revisions'::regclass::oid::int); SELECT txid_current()");
}

Status PostgresConnection::beginCount() {
  return begin(Transaction::kCount,
               "BEGIN; SET LOCAL synchronous_commit = off; SELECT txid_current()");
}

Status PostgresConnection::commit() {
  settled_ = false;
  if (!session_ || session_->lost()) {
    return Error::unavailable("postgres " + settings_.place() +
                              ": the connection was lost before the commit; nothing was written");
  }
  std::string sql = "COMMIT";
  if (transaction_ == Transaction::kWrite) {
    sql = std::string("NOTIFY ") + kChannel + ", " + quoteLiteral(writer_) + "; COMMIT";
  }
  Status status = session_->script(sql, ignoreRow, statementDeadline());
  if (status.ok()) {
    transaction_ = Transaction::kNone;
    if (session_->commandTag() == "COMMIT") return {};
    return Error::internal("postgres " + settings_.place() +
                           ": the server rolled the transaction back; nothing was written");
  }
  if (!session_->lost()) return status;
  session_.reset();
  return settle(std::move(status).error());
}

/// After a commit that was not answered.
Status PostgresConnection::settle(Error cause) {
  transaction_ = Transaction::kNone;
  auto deadline = statementDeadline();
  while (true) {
    auto found = outcome(deadline);
    if (found.ok() && *found == "committed") {
      settled_ = true;
      return {};
    }
    if (found.ok() && *found == "aborted") {
      return Error::unavailable(cause.message + " (nothing was written)");
    }
    if (Clock::now() + kOutcomeInterval >= deadline) break;
    std::this_thread::sleep_for(kOutcomeInterval);  // the old server process may still be at it
  }
  return Error::unavailable(cause.message + kOutcomeUnknown);
}

/// "committed", "aborted", "in progress", or "" where the server no longer knows.
Result<std::string> PostgresConnection::outcome(Deadline deadline) {
  if (!session_ || !session_->alive()) {
    auto connected = Session::connect(settings_, deadline);
    if (!connected) return std::move(connected).error();
    session_ = std::move(connected).value();
  }
  std::string found;
  Status status = session_->run(
      "SELECT txid_status(CAST($1 AS BIGINT))", {transactionId_},
      [&](const SqlRow& row) { found = row[0].value_or(""); }, deadline);
  if (status.ok() && found == "in progress") {
    // Its process waits for us, who are gone; ending it decides the matter and frees its locks.
    status = session_->run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = CAST($1 AS INT)"
        " AND CAST(CAST(backend_xid AS TEXT) AS BIGINT) = CAST($2 AS BIGINT) % 4294967296",
        {std::to_string(backendPid_), transactionId_}, ignoreRow, deadline);
  }
  if (!status) {
    session_.reset();
    return std::move(status).error();
  }
  return found;
}

void PostgresConnection::rollback() {
  if (transaction_ == Transaction::kNone) return;
  transaction_ = Transaction::kNone;
  if (session_ && !session_->lost() &&
      !session_->script("ROLLBACK", ignoreRow, statementDeadline()).ok()) {
    session_.reset();
  }
}

}  // namespace tollgate::store
