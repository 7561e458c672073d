#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "source/base/result.h"
#include "source/config/compiled_certificates.h"
#include "source/http/filter_factory.h"
#include "source/server/settings.h"
#include "source/tls/client_context.h"
#include "source/upstream/pool.h"

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
  /// The context for a service's document, or why there is none. Its client certificate and its
  /// authorities, where it names any, take the place of those of the settings.
  Result<std::shared_ptr<const void>> contextFor(const nlohmann::json& service,
                                                 const config::CompiledCertificates& certificates);
  Result<std::shared_ptr<const http::TlsClient>> client(bool verify) override;

 private:
  using Context = std::shared_ptr<const tls::ClientContext>;
  /// One way to connect. Services that want the same share a context.
  struct Wanted {
    bool verify = false;
    int depth = 1;
    std::string trustedPem;  ///< Instead of the settings' trusted certificates; "": those.
    std::optional<tls::KeyPair> clientCertificate;  ///< Instead of that of the settings.
    bool ofService() const { return !trustedPem.empty() || clientCertificate.has_value(); }
    std::string key() const;
  };
  Wanted ofSettings(bool verify) const {
    Wanted wanted;
    wanted.verify = verify;
    wanted.depth = verifyDepth();
    return wanted;
  }
  Result<Context> context(const Wanted& wanted);
  Result<Context> make(const Wanted& wanted) const;
  void dropUnused();
  int verifyDepth() const { return static_cast<int>(settings_.number("lua_ssl_verify_depth")); }
  const Settings& settings_;
  std::map<std::string, Context> contexts_;    ///< Of the settings alone.
  std::map<std::string, Context> ofServices_;  ///< With certificates of the store.
  std::map<bool, std::shared_ptr<const http::TlsClient>> clients_;  ///< By `verify`.
};

/// Opens transports with the context that UpstreamTls put into the service.
upstream::Pool::TlsFactory upstreamTlsFactory();

}  // namespace tollgate::server
