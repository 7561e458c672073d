#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::client {

/// A blocking server of HTTP/1.1 on a free port of the loopback address, a thread for each
/// connection.
class Server {
 public:
  /// What to send for a request, head and body; "" closes the connection.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit Server(Answer answer) : answer_(std::move(answer)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listening_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept(); });
  }
  ~Server() {
    ::shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    dropConnections();
    for (std::thread& each : serving_) each.join();
    for (int fd : open_) ::close(fd);
    ::close(listening_);
  }

  uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  /// Closes all connections; those that come are served.
  void dropConnections() {
    std::lock_guard lock(mutex_);
    for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  void accept() {
    while (true) {
      const int fd = ::accept(listening_, nullptr, nullptr);
      if (fd < 0) return;
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      ++connections_;
      serving_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string input;
    while (true) {
      const size_t head = input.find("\r\n\r\n");
      size_t whole = std::string::npos;
      if (head != std::string::npos) {
        const size_t length = input.find("Content-Length: ");
        const size_t body =
            length < head ? std::strtoul(input.c_str() + length + 16, nullptr, 10) : 0;
        whole = head + 4 + body;
      }
      if (input.size() >= whole) {
        const std::string request = input.substr(0, whole);
        input.erase(0, whole);
        {
          std::lock_guard lock(mutex_);
          requests_.push_back(request);
        }
        const std::string out = answer_(request);
        if (out.empty()) break;
        ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
        continue;
      }
      char bytes[4096];
      const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
      if (got <= 0) break;
      input.append(bytes, static_cast<size_t>(got));
    }
    ::shutdown(fd, SHUT_RDWR);
  }

  const Answer answer_;
  int listening_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

}  // namespace tollgate::client
