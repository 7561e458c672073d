#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "filters/http/common/record_counts.h"
#include "source/http/filter_services.h"

namespace tollgate::filters {

/// Lines for a server over TCP or TLS, on one connection that is kept. None is sent twice: what
/// cannot be sent is lost, counted and told. One worker's; never waits.
class LineSender final : public ::tollgate::http::WorkerState, public net::ConnectionHandler {
 public:
  /// Lines that wait for the connection, or for the server to read, altogether.
  static constexpr size_t kMaxWaitingBytes = 4 * 1024 * 1024;

  struct Settings {
    std::string filter;          ///< "tcp-log", by which it counts.
    net::Dialer::Target target;  ///< Its timeout is for sending, too.
    std::chrono::milliseconds keepAlive{60000};
  };
  LineSender(::tollgate::http::WorkerServices& services, Settings settings);
  ~LineSender() override;

  /// `line`: without its end.
  void write(std::string line);

  void finish() override { finishing_ = true; }
  bool busy() const override;

  void onData(net::Connection& connection, bool end) override;
  void onWritable(net::Connection&) override {}
  void onClosed(net::Connection&, std::string_view reason) override;

 private:
  void dial();
  void send(std::string_view line);
  void onTimer();
  void lose(size_t lines, std::string_view reason);

  ::tollgate::http::WorkerServices& services_;
  const Settings settings_;
  const std::string name_;
  const std::shared_ptr<::tollgate::http::Dependency> receiver_;
  const RecordCounts counts_;
  std::deque<std::string> waiting_;  ///< For a connection.
  size_t waitingBytes_ = 0;
  std::unique_ptr<net::Connection> connection_;
  uint64_t dialing_ = 0;
  uint64_t written_ = 0;  ///< By the connection, when the timer was set.
  bool finishing_ = false;
  event::MemberTimer<LineSender, &LineSender::onTimer> timer_{*this};
};

}  // namespace tollgate::filters
