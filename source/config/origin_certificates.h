#pragma once

#include <map>
#include <set>
#include <string>

#include "source/config/compiled_kind.h"

namespace tollgate::config {

/// The certificates that may be shown to origins, and the authorities that may be asked of them:
/// kept as text until the document of a service names them. Control thread.
class OriginCertificates {
 public:
  CompiledKind& certificates() { return certificates_; }
  CompiledKind& authorities() { return authorities_; }

  /// What a service's document says of TLS: tls_verify, tls_verify_depth, and the references.
  static Json tlsPart(const Json& service);
  /// Whether a document made by tlsPart() refers to one of these.
  static bool refersTo(const Json& tlsPart, const std::set<std::string>& ids);
  /// The document with the texts in the place of the references: client_certificate {id, cert,
  /// key}, ca_certificates [text]. A certificate that is not there is left out, an authority is "".
  Json resolve(Json tlsPart) const;
  /// The ids of what came, went or changed since the last call.
  std::set<std::string> takeChanged() { return std::exchange(changed_, {}); }

 private:
  class Kind final : public CompiledKind {
   public:
    explicit Kind(OriginCertificates& owner) : owner_(owner) {}
    void put(const std::string& id, const Json& doc) override;
    void remove(const std::string& id) override;
    size_t size() const override { return pairs.size(); }

    std::map<std::string, std::pair<std::string, std::string>> pairs;  ///< Certificate and key.

   private:
    OriginCertificates& owner_;
  };
  Kind certificates_{*this};
  Kind authorities_{*this};
  std::set<std::string> changed_;
};

}  // namespace tollgate::config
