#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

namespace tollgate::net {

/// An IPv4 or IPv6 address with a port; of other families only the family is kept.
class Address {
 public:
  Address() = default;
  static Address fromSockaddr(const sockaddr* address, socklen_t length);
  /// "127.0.0.1", "::1" or "[::1]"; no names.
  static Result<Address> parse(std::string_view ip, uint16_t port);

  const sockaddr* sockaddrPtr() const { return &storage_.any; }
  socklen_t length() const;
  /// The socket address as bytes, for keys of tables.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(&storage_), length()}; }
  int family() const { return storage_.any.sa_family; }
  bool valid() const { return family() == AF_INET || family() == AF_INET6; }
  uint16_t port() const;
  void setPort(uint16_t port);
  /// The address without port; IPv4-mapped IPv6 prints as IPv4.
  std::string ip() const;
  /// Writes ip() to `out` (at least 46 bytes); returns the length. Does not allocate.
  size_t formatIp(char* out) const;
  std::string toString() const;  ///< "127.0.0.1:80", "[::1]:80"
  bool operator==(const Address& other) const;

 private:
  /// A fifth of a sockaddr_storage: every idle connection keeps an address.
  union Storage {
    sockaddr_in6 v6{};
    sockaddr_in v4;
    sockaddr any;
  };
  Storage storage_;
};

/// A CIDR range, or one address.
class AddressRange {
 public:
  static Result<AddressRange> parse(std::string_view text);
  bool contains(const Address& address) const;

 private:
  uint8_t bytes_[16] = {};
  uint8_t bits_ = 0;
  int family_ = AF_INET;
};

}  // namespace tollgate::net
