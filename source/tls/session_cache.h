#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/tls/boringssl.h"

namespace tollgate::tls {

/// Sessions of a client by server name. Any thread; never waits: who finds it in use goes without.
class SessionCache {
 public:
  void put(std::string_view name, bssl::UniquePtr<SSL_SESSION> session);
  /// A session to resume, or null. One of TLS 1.3 is handed out once only.
  bssl::UniquePtr<SSL_SESSION> take(const std::string& name);

 private:
  static constexpr size_t kMaxNames = 1024;
  static constexpr size_t kMaxPerName = 8;

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<bssl::UniquePtr<SSL_SESSION>>> sessions_;
};

}  // namespace tollgate::tls
