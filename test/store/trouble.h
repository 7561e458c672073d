#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "test/support/postgres.h"

namespace tollgate::test {

/// A port that takes connections and never says a word.
class BlackHole {
 public:
  BlackHole() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 64) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no free port");
    }
    port_ = ntohs(address.sin_port);
  }
  ~BlackHole() { close(fd_); }
  uint16_t port() const { return port_; }
  int fd() const { return fd_; }

 private:
  int fd_;
  uint16_t port_;
};

/// Stands between a client and the server (one connection at a time, plain text) and makes trouble
/// at the first COMMIT of a write.
class TroubleProxy {
 public:
  enum class Trouble {
    kNone,
    kDropBefore,  ///< The COMMIT is lost, and the connection.
    kDropAfter,   ///< The server commits; its answer and the connection are lost.
    kSilence,     ///< The COMMIT arrives nowhere; nothing is ever answered again on any connection.
  };

  explicit TroubleProxy(uint16_t server) : server_(server), thread_([this] { run(); }) {}
  ~TroubleProxy() {
    stop_ = true;
    thread_.join();
  }
  uint16_t port() const { return listener_.port(); }
  void at(Trouble trouble) { trouble_ = trouble; }
  bool happened() const { return happened_; }

 private:
  void run() {
    while (!stop_) {
      if (!readable(listener_.fd())) continue;
      int client = accept(listener_.fd(), nullptr, nullptr);
      int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(server_);
      if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
        serve(client, server);
      }
      close(client);
      close(server);
    }
  }

  void serve(int client, int server) {
    bool silent = silent_;
    while (!stop_) {
      pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (silent) {
        silent_ = true;
        if (readable(client) && !forward(client, -1).has_value()) return;
        continue;
      }
      if (poll(fds, 2, 20) <= 0) continue;
      if (fds[1].revents != 0 && !forward(server, client)) return;
      if (fds[0].revents == 0) continue;
      auto text = receive(client);
      if (text.empty()) return;
      bool commit = text.find("; COMMIT") != std::string::npos;
      Trouble trouble = commit ? trouble_.exchange(Trouble::kNone) : Trouble::kNone;
      if (trouble != Trouble::kNone) happened_ = true;
      if (trouble == Trouble::kDropBefore) return;
      if (trouble == Trouble::kSilence) {
        silent = true;
        continue;
      }
      if (!send(server, text)) return;
      if (trouble == Trouble::kDropAfter) {
        (void)receive(server);
        return;
      }
    }
  }

  static bool readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    return poll(&one, 1, 20) > 0;
  }
  static std::string receive(int fd) {
    char buffer[16384];
    ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
    return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : std::string();
  }
  static bool send(int fd, const std::string& text) {
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  static std::optional<size_t> forward(int from, int to) {
    std::string text = receive(from);
    if (text.empty() || (to >= 0 && !send(to, text))) return std::nullopt;
    return text.size();
  }

  BlackHole listener_;
  const uint16_t server_;
  std::atomic<Trouble> trouble_{Trouble::kNone};
  std::atomic<bool> stop_{false}, happened_{false}, silent_{false};
  std::thread thread_;
};

}  // namespace tollgate::test
