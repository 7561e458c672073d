#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filters/http/admin_auth/scope.h"
#include "source/base/result.h"
#include "source/net/transport.h"

namespace tollgate::filters::admin_auth {

/// One that may come in.
struct Caller {
  std::string name;
  Scopes scopes;
};

/// The tokens file, read and checked. Immutable.
class AccessList {
 public:
  /// Fails on a file that others may write or strangers may read; errors name file and place.
  static Result<AccessList> read(const std::string& path);
  static Result<AccessList> parse(std::string_view text, const std::string& path);

  /// Takes the same time for every token, known or not. nullptr: unknown.
  const Caller* byToken(std::string_view token) const;
  const Caller* byCertificate(const net::PeerCertificate& certificate) const;
  size_t size() const { return tokens_.size() + certificates_.size(); }

 private:
  struct Token {
    Caller caller;
    std::string digest;  ///< 32 bytes
  };
  struct Certificate {
    enum class Part { kCommonName, kDns, kUri, kEmail };
    Caller caller;
    Part part;
    std::string value;
    bool fits(const net::PeerCertificate& certificate) const;
  };
  std::vector<Token> tokens_;
  std::vector<Certificate> certificates_;
};

}  // namespace tollgate::filters::admin_auth
