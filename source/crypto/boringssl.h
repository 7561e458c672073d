#pragma once

// For files of this folder only.
#include <openssl/base.h>
#ifndef OPENSSL_IS_BORINGSSL
#error "the OpenSSL headers were found instead of BoringSSL's: check BORINGSSL_ROOT"
#endif
#include <openssl/err.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tollgate::crypto {

inline const uint8_t* bytesOf(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
inline uint8_t* bytesOf(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

/// Leaves the thread's queue of errors empty: what failed is said by our own errors, and TLS must
/// not find what was left over.
struct ErrorQueueCleaner {
  ErrorQueueCleaner() = default;
  ErrorQueueCleaner(const ErrorQueueCleaner&) = delete;
  ErrorQueueCleaner& operator=(const ErrorQueueCleaner&) = delete;
  ~ErrorQueueCleaner() { ERR_clear_error(); }
};

/// Shares what BoringSSL hands out once.
template <typename T>
std::shared_ptr<T> shared(bssl::UniquePtr<T> owned) {
  return std::shared_ptr<T>(std::move(owned));
}

}  // namespace tollgate::crypto
