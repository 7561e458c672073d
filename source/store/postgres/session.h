#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/store/postgres/settings.h"
#include "source/store/sql.h"

struct pg_conn;
struct pg_result;

namespace tollgate::store {

struct Libpq;

/// One logged-in connection to Postgres on libpq's non-blocking interface: every wait ends at a
/// deadline. After a lost connection or a deadline the session is of no more use (lost()).
/// One thread at a time. Errors are kUnavailable with cause and remedy, never with the password.
class Session {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  using RowCallback = std::function<void(const SqlRow&)>;

  /// `interruptFd` (-1: none), once readable, ends every wait of this session with an error.
  static Result<std::unique_ptr<Session>> connect(const PostgresSettings& settings,
                                                  Deadline deadline, int interruptFd = -1);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs one statement; rows arrive one by one, also before an error that ends them.
  Status run(std::string_view sql, const std::vector<SqlValue>& parameters, const RowCallback& row,
             Deadline deadline);
  /// Runs several statements without parameters, sent together.
  Status script(const std::string& sql, const RowCallback& row, Deadline deadline);

  /// Waits for notifications and returns their payloads; empty when the deadline passes first.
  Result<std::vector<std::string>> notifications(Deadline deadline);

  /// Reads what came in since; false if the server has closed the connection. Never waits.
  bool alive();
  bool lost() const { return lost_; }
  /// SQLSTATE of the last error, "" if the server had no part in it.
  const std::string& sqlState() const { return sqlState_; }
  /// "COMMIT", "INSERT 0 1": of the last statement that succeeded.
  const std::string& commandTag() const { return commandTag_; }
  int backendPid() const;

 private:
  Session(const Libpq& pq, const PostgresSettings& settings, int interruptFd)
      : pq_(pq), settings_(settings), interruptFd_(interruptFd) {}
  Status attempt(const std::string& address, Deadline deadline);
  Status prepareSession(Deadline deadline);
  Status finishStatement(const RowCallback& row, Deadline deadline);
  Status flush(Deadline deadline);
  Status awaitResult(Deadline deadline);
  Status wait(short events, Deadline deadline, const char* what);
  void take(pg_result* result, const RowCallback& row, Status& status);
  void giveRows(const pg_result* result, const RowCallback& row);
  Error serverError(pg_result* result);
  Error connectionError(const std::string& what);
  std::string lastMessage() const;

  const Libpq& pq_;
  const PostgresSettings settings_;
  const int interruptFd_;
  pg_conn* connection_ = nullptr;
  bool lost_ = false;
  std::string sqlState_, commandTag_;
  SqlRow row_;
};

/// `text` as an SQL identifier.
std::string quoteIdentifier(std::string_view text);
/// `text` as an SQL string constant.
std::string quoteLiteral(std::string_view text);
/// Whether Postgres can hold `text`: UTF-8 without NUL.
bool isStorable(std::string_view text);

}  // namespace tollgate::store
