#pragma once

#include <openssl/bio.h>

#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/boringssl.h"

// For files of this folder only.
namespace tollgate::crypto {

/// The longest PEM text that is read.
constexpr size_t kMaxPemBytes = 1024 * 1024;

/// Reads from `text`, which must outlive it.
inline bssl::UniquePtr<BIO> readBio(std::string_view text) {
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Keys with a passphrase are refused: there is nobody to ask.
inline int noPassphrase(char*, int, int, void*) { return 0; }

}  // namespace tollgate::crypto
