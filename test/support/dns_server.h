#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tollgate {

/// A DNS server on a loopback port that answers what it was told to; everything else does not
/// exist. Polled by the test between passes of the loop under test.
class DnsServer {
 public:
  static constexpr uint16_t kA = 1, kAaaa = 28, kSrv = 33;

  DnsServer() {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~DnsServer() { ::close(fd_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void a(const std::string& name, const std::string& ip, uint32_t ttl = 60) {
    in_addr parsed{};
    inet_pton(AF_INET, ip.c_str(), &parsed);
    add(name, kA, ttl, std::string(reinterpret_cast<char*>(&parsed), 4));
  }
  void aaaa(const std::string& name, const std::string& ip, uint32_t ttl = 60) {
    in6_addr parsed{};
    inet_pton(AF_INET6, ip.c_str(), &parsed);
    add(name, kAaaa, ttl, std::string(reinterpret_cast<char*>(&parsed), 16));
  }
  void srv(const std::string& name, uint16_t priority, uint16_t weight, uint16_t port,
           const std::string& target, uint32_t ttl = 60) {
    add(name, kSrv, ttl, u16(priority) + u16(weight) + u16(port) + encoded(target));
  }
  void clear(const std::string& name) {
    std::erase_if(records_, [&](const auto& each) { return each.first.first == name; });
  }
  /// Answers with this code instead (2: server failure).
  void fail(int code) { failure_ = code; }
  int queries(const std::string& name, uint16_t type) { return asked_[{name, type}]; }

  void poll() {
    unsigned char bytes[1024];
    sockaddr_storage peer{};
    while (true) {
      socklen_t length = sizeof peer;
      ssize_t got =
          ::recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer), &length);
      if (got < 17) return;
      std::string reply = answer({reinterpret_cast<char*>(bytes), static_cast<size_t>(got)});
      ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
    }
  }

 private:
  struct Record {
    uint32_t ttl;
    std::string data;
  };

  static std::string u16(uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  static std::string encoded(const std::string& name) {
    std::string out;
    size_t begin = 0;
    while (begin < name.size()) {
      size_t dot = std::min(name.find('.', begin), name.size());
      out += static_cast<char>(dot - begin) + name.substr(begin, dot - begin);
      begin = dot + 1;
    }
    return out + '\0';
  }
  void add(const std::string& name, uint16_t type, uint32_t ttl, std::string data) {
    records_[{name, type}].push_back({ttl, std::move(data)});
  }
  std::string answer(const std::string& query) {
    std::string name;
    size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      const auto size = static_cast<size_t>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, size);
      at += size + 1;
    }
    const size_t end = at + 5;
    const auto type = static_cast<uint16_t>(static_cast<unsigned char>(query[at + 1]) << 8 |
                                            static_cast<unsigned char>(query[at + 2]));
    ++asked_[{name, type}];
    auto found = records_.find({name, type});
    bool known = false;
    for (const auto& [key, records] : records_) known = known || key.first == name;
    const size_t count = found != records_.end() && failure_ == 0 ? found->second.size() : 0;
    const int code = failure_ != 0 ? failure_ : known ? 0 : 3;
    std::string out = query.substr(0, 2) + '\x81' + static_cast<char>(0x80 | code) + u16(1) +
                      u16(static_cast<uint16_t>(count)) + u16(0) + u16(0);
    out += query.substr(12, end - 12);
    for (size_t i = 0; i < count; ++i) {
      const Record& record = found->second[i];
      out += "\xc0\x0c" + u16(type) + u16(1) + u16(static_cast<uint16_t>(record.ttl >> 16)) +
             u16(static_cast<uint16_t>(record.ttl)) +
             u16(static_cast<uint16_t>(record.data.size())) + record.data;
    }
    return out;
  }

  int fd_;
  uint16_t port_ = 0;
  int failure_ = 0;
  std::map<std::pair<std::string, uint16_t>, std::vector<Record>> records_;
  std::map<std::pair<std::string, uint16_t>, int> asked_;
};

}  // namespace tollgate
