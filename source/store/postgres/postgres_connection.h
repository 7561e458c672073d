#pragma once

#include <memory>
#include <string>

#include "source/store/postgres/session.h"
#include "source/store/sql.h"

namespace tollgate::store {

/// The stores' connection to Postgres: connects on first use and again after a loss, with a short
/// back-off in which calls fail at once with the last cause. A statement takes at most
/// PostgresSettings::timeout, connecting at most connectTimeout. One thread at a time.
class PostgresConnection final : public SqlConnection {
 public:
  /// `writer` names this store in the notifications of its writes.
  PostgresConnection(PostgresSettings settings, std::string writer)
      : settings_(std::move(settings)), writer_(std::move(writer)) {}

  Status query(std::string_view sql, const std::vector<SqlValue>& parameters,
               const std::function<void(const SqlRow&)>& row) override;
  Status queryLong(const std::string& sql, const std::function<void(const SqlRow&)>& row) override;
  std::string nowMillis() const override {
    return "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";
  }
  Status beginWrite() override;
  Status beginCount() override;
  /// When the connection is lost meanwhile, asks the server on a new one what became of the
  /// transaction; takes at most twice the timeout. Only if that fails too is the outcome unknown.
  Status commit() override;
  bool settled() const override { return settled_; }
  void rollback() override;

  /// The channel on which every write is announced, in its own transaction.
  static constexpr const char* kChannel = "tollgate_revision";

 private:
  using Deadline = Session::Deadline;
  enum class Transaction { kNone, kRead, kWrite, kCount };

  Status ensureConnected();
  Status begin(Transaction kind, const std::string& sql);
  Status settle(Error cause);
  Result<std::string> outcome(Deadline deadline);
  Deadline statementDeadline() const {
    return std::chrono::steady_clock::now() + settings_.timeout;
  }

  const PostgresSettings settings_;
  const std::string writer_;
  std::unique_ptr<Session> session_;
  Transaction transaction_ = Transaction::kNone;
  std::string transactionId_;
  int backendPid_ = 0;
  bool settled_ = false;
  std::chrono::milliseconds backoff_{0};
  Deadline nextAttempt_{};
  std::string lastCause_;
};

}  // namespace tollgate::store
