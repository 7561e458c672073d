#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/base/result.h"
#include "source/tls/key_pair.h"

namespace tollgate::tls {

/// A certificate as listeners show it: one pair, or several of different types, of which a client
/// gets the ECDSA one if it can verify it. Parsed and ready. Immutable; any thread, any listener.
class ServedCertificate {
 public:
  /// At least one pair; errors say what is wrong with which.
  static Result<std::shared_ptr<const ServedCertificate>> create(const std::vector<KeyPair>& pairs);
  ~ServedCertificate();

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit ServedCertificate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Which certificate belongs to which server name. Filled by one thread, immutable once it is
/// shared; a handshake that reads it takes no lock.
class CertificateTable {
 public:
  /// An exact name, "*.example.com" (one label), "example.*" (one label) or "*", in any case. A
  /// name that is there already stays as it is.
  void add(std::string_view name, std::shared_ptr<const ServedCertificate> certificate);
  /// `name` in lower case, at most 255 bytes. By the exact name, else by the name with its first
  /// label (of three at least), else with its last label replaced by "*", else by "*". nullptr:
  /// none, or no name.
  const ServedCertificate* find(std::string_view name) const;
  bool empty() const { return names_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  std::unordered_map<std::string, std::shared_ptr<const ServedCertificate>, Hash, std::equal_to<>>
      names_;
};

}  // namespace tollgate::tls
