#include "source/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tollgate::net {

Address Address::fromSockaddr(const sockaddr* address, socklen_t length) {
  Address result;
  if (length >= sizeof(sa_family_t) && length <= sizeof(sockaddr_storage)) {
    std::memcpy(&result.storage_.v6, address, std::min<size_t>(length, sizeof result.storage_));
  }
  // Equal addresses have equal bytes: pools are found by them.
  if (result.family() == AF_INET) std::memset(result.storage_.v4.sin_zero, 0, 8);
  return result;
}

Result<Address> Address::parse(std::string_view ip, uint16_t port) {
  if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
  std::string text(ip);
  Address result;
  auto* v4 = &result.storage_.v4;
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return result;
  }
  auto* v6 = &result.storage_.v6;
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return result;
  }
  return Error::invalid("'" + text + "' is not an IP address");
}

socklen_t Address::length() const {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

uint16_t Address::port() const {
  if (family() == AF_INET6) {
    return ntohs(storage_.v6.sin6_port);
  }
  return ntohs(storage_.v4.sin_port);
}

void Address::setPort(uint16_t port) {
  if (family() == AF_INET6) {
    storage_.v6.sin6_port = htons(port);
  } else {
    storage_.v4.sin_port = htons(port);
  }
}

size_t Address::formatIp(char* out) const {
  const uint8_t* v4 = nullptr;
  if (family() == AF_INET) {
    v4 = reinterpret_cast<const uint8_t*>(&storage_.v4.sin_addr);
  } else if (family() == AF_INET6) {
    const in6_addr& v6 = storage_.v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      v4 = v6.s6_addr + 12;
    } else {
      inet_ntop(AF_INET6, &v6, out, 46);
      return std::strlen(out);
    }
  }
  if (v4 == nullptr) return 0;
  char* at = out;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, at + 3, v4[i]).ptr;
  }
  return static_cast<size_t>(at - out);
}

std::string Address::ip() const {
  char text[46];
  return std::string(text, formatIp(text));
}

std::string Address::toString() const {
  std::string host = ip();
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(port());
}

bool Address::operator==(const Address& other) const {
  return family() == other.family() && ip() == other.ip() && port() == other.port();
}

namespace {
/// The address bytes, IPv4-mapped ones as IPv4; returns how many.
size_t addressBytes(const Address& address, uint8_t* out) {
  if (address.family() == AF_INET) {
    std::memcpy(out, &reinterpret_cast<const sockaddr_in*>(address.sockaddrPtr())->sin_addr, 4);
    return 4;
  }
  if (address.family() != AF_INET6) return 0;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address.sockaddrPtr())->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::memcpy(out, v6.s6_addr + 12, 4);
    return 4;
  }
  std::memcpy(out, v6.s6_addr, 16);
  return 16;
}
}  // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
  AddressRange range;
  size_t slash = text.find('/');
  Result<Address> address = Address::parse(text.substr(0, slash), 0);
  if (!address) return Error::invalid("invalid ip or cidr range: '" + std::string(text) + "'");
  size_t bytes = addressBytes(*address, range.bytes_);
  range.family_ = bytes == 4 ? AF_INET : AF_INET6;
  range.bits_ = static_cast<uint8_t>(bytes * 8);
  if (slash != std::string_view::npos) {
    std::string_view bits = text.substr(slash + 1);
    unsigned value = 0;
    auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), value);
    if (error != std::errc() || end != bits.data() + bits.size() || value > bytes * 8) {
      return Error::invalid("invalid ip or cidr range: '" + std::string(text) + "'");
    }
    range.bits_ = static_cast<uint8_t>(value);
  }
  return range;
}

bool AddressRange::contains(const Address& address) const {
  uint8_t bytes[16];
  size_t count = addressBytes(address, bytes);
  if (count != (family_ == AF_INET ? 4u : 16u)) return false;
  size_t whole = bits_ / 8;
  if (std::memcmp(bytes, bytes_, whole) != 0) return false;
  unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  uint8_t mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (bytes[whole] & mask) == (bytes_[whole] & mask);
}

}  // namespace tollgate::net
