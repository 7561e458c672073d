#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/http/http_client.h"
#include "source/net/dialer.h"

namespace tollgate::client {

/// HTTP/1.1 over connections that are kept for the next call to the same server. One worker's.
class Http1Client final : public http::HttpClient {
 public:
  static constexpr size_t kMaxCalls = 10000;  ///< At once; more fail.
  static constexpr size_t kMaxIdle = 64;      ///< Connections kept, of all servers.

  /// `dialer` outlives it.
  explicit Http1Client(net::Dialer& dialer);
  ~Http1Client();
  Http1Client(const Http1Client&) = delete;
  Http1Client& operator=(const Http1Client&) = delete;

  uint64_t call(http::HttpCall call, Done done) override;
  void cancel(uint64_t id) override;
  /// Ends every call, none of which is told, and every connection: they are freed after the pass,
  /// before which `dialer` must not go.
  void close();

  size_t calls() const { return calls_.size(); }
  size_t idle() const { return idleCount_; }

 private:
  class Line;
  struct Call;

  void begin(Call& call, bool mayReuse);
  void dial(Call& call);
  std::unique_ptr<Line> takeIdle(const std::string& key);
  void sendOn(Call& call, std::unique_ptr<Line> line);
  // Told by lines.
  void lineDone(Line& line, bool reusable);
  void lineFailed(Line& line, std::string_view reason, bool stale);
  void lineIdleEnded(Line& line);
  void finish(uint64_t id, Result<http::HttpReply> reply);

  net::Dialer& dialer_;
  uint64_t nextId_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<Call>> calls_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<Line>>> idle_;
  size_t idleCount_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tollgate::client
