#pragma once

#include "source/base/json.h"
#include "source/base/result.h"
#include "source/http/filter_factory.h"
#include "source/server/settings.h"
#include "source/tls/client_context.h"
#include "source/upstream/probe.h"
#include "source/upstream/stream_pool.h"

namespace tollgate::server {

/// Makes the TLS contexts of services and of filters' own servers, one for each way to verify;
/// immutable once made, shared by the workers. Made when first wanted: reading the system's trusted
/// certificates takes longer than the rest of a start. Control thread.
class UpstreamTls final : public http::TlsConnector {
 public:
  explicit UpstreamTls(const Settings& settings) : settings_(settings) {}
  /// Whether the settings name certificates that can be used; before anything else. Does not read
  /// the system's trusted certificates.
  Status check();
  /// The context for what a service's document says of TLS (tls_verify, tls_verify_depth,
  /// client_certificate with its texts, ca_certificates as texts) and of application protocols
  /// (alpn), or why there is none.
  Result<std::shared_ptr<const void>> contextFor(const Json& service);
  Result<std::shared_ptr<const http::TlsClient>> client(bool verify) override;

 private:
  /// What of a context is a service's own: texts in PEM, "" for the settings'.
  struct Own {
    std::string certificate, key, authorities;
    std::vector<std::string> alpn;
    bool any() const { return !certificate.empty() || !authorities.empty(); }
  };
  Result<std::shared_ptr<const tls::ClientContext>> context(bool verify, int depth,
                                                            const Own& own = {});
  Result<std::shared_ptr<const tls::ClientContext>> make(bool verify, int depth, const Own& own);
  int verifyDepth() const { return static_cast<int>(settings_.number("lua_ssl_verify_depth")); }
  const Settings& settings_;
  std::map<std::string, std::shared_ptr<const tls::ClientContext>> contexts_;
  /// Those of services with certificates of their own, for as long as a service uses them.
  std::map<std::string, std::weak_ptr<const tls::ClientContext>> own_;
  std::map<bool, std::shared_ptr<const http::TlsClient>> clients_;  ///< By `verify`.
};

/// Opens transports with the context that UpstreamTls put into the service.
upstream::StreamPool::TlsFactory upstreamTlsFactory();
/// Likewise for active health checks.
upstream::ProbeTls probeTlsFactory();

}  // namespace tollgate::server
