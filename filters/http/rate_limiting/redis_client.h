#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "filters/http/rate_limiting/resp.h"
#include "source/event/event_loop.h"
#include "source/http/filter_services.h"

namespace tollgate::filters::rate_limiting {

struct RedisSettings {
  std::string host;
  uint16_t port = 6379;
  std::chrono::milliseconds timeout{2000};  ///< For connecting, and for each answer.
  std::string username, password;
  int database = 0;
  std::shared_ptr<const net::TlsClient> tls;  ///< nullptr: cleartext.
  std::string serverName;                     ///< "" takes the host.

  /// "127.0.0.1:6379", for the operator.
  std::string address() const;
  /// Equal where a connection serves both. Holds the password: for comparing only.
  std::string identity() const;
};

/// One worker's connection to one Redis, with as many commands under way as there are requests.
/// Opens on first use, again after a failure, and closes when idle. Its loop's thread only.
class RedisClient final : public ::tollgate::http::WorkerState, public net::ConnectionHandler {
 public:
  /// `usages`: how often each key had been counted before. `ok` false: Redis did not answer in
  /// time.
  using Done = std::function<void(bool ok, const std::vector<int64_t>& usages)>;

  /// `dependency`: told of each answer and of each failure with its reason; may be null.
  RedisClient(::tollgate::http::WorkerServices& services, RedisSettings settings,
              const std::shared_ptr<::tollgate::http::Dependency>& dependency);
  ~RedisClient() override;

  /// Adds 1 to every key, all in one step of the server; a new key lives for its `seconds`. `done`
  /// is called from the loop, later.
  void count(const std::vector<std::string>& keys, const std::vector<int64_t>& seconds, Done done);

  /// What takes the place of the server's words where those may repeat a secret.
  static std::string refusal(std::string_view command, std::string_view error);

  bool busy() const override { return !waiting_.empty() || !sent_.empty(); }

  void onData(net::Connection&, bool end) override;
  void onClosed(net::Connection&, std::string_view reason) override;

 private:
  static constexpr size_t kMaxPending = 10000;
  struct Pending {
    std::vector<std::string> command;  ///< Kept to be sent whole if the server forgot the script.
    Done done;                         ///< Empty for the commands that open the connection.
    event::TimePoint deadline;
    bool whole = false;
  };

  void open();
  void opened(std::unique_ptr<net::Connection> connection);
  void send(Pending pending);
  void write(const std::vector<std::string>& command);
  bool take(const Reply& reply);
  void finish(Pending pending, bool ok, std::vector<int64_t> usages);
  void fail(Pending pending, std::string_view reason);
  void failAll(std::string_view reason);
  void onTimer();
  void armTimer();

  net::Dialer& dialer_;
  event::EventLoop& loop_;
  const RedisSettings settings_;
  /// Listed while a configuration uses it; this client may live on for a while.
  const std::weak_ptr<::tollgate::http::Dependency> dependency_;
  uint64_t dialing_ = 0;
  std::unique_ptr<net::Connection> connection_;
  std::string closeReason_;  ///< Where it is we who close, for the operator.
  std::string scriptHash_;
  std::deque<Pending> waiting_;  ///< Not sent yet.
  std::deque<Pending> sent_;     ///< In the order of their answers.
  event::MemberTimer<RedisClient, &RedisClient::onTimer> timer_{*this};
};

}  // namespace tollgate::filters::rate_limiting
