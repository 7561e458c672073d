#pragma once

#include <nlohmann/json.hpp>

#include "source/base/result.h"
#include "source/http/filter_factory.h"
#include "source/server/listener_plan.h"
#include "source/server/prefix_folder.h"
#include "source/server/settings.h"
#include "source/tls/client_context.h"
#include "source/upstream/pool.h"

/// Which certificates the process shows and which it trusts.
namespace tollgate::server {

/// ssl_cert and admin_ssl_cert with their keys (paths or PEM text), else the generated pairs of the
/// prefix folder.
Result<DefaultCertificates> loadCertificates(const Settings& settings, const PrefixFolder& prefix);

/// Makes the TLS contexts of services, one for each way to verify; immutable once made, shared by
/// the workers. Control thread.
class UpstreamTls final : public http::TlsConnector {
 public:
  explicit UpstreamTls(const Settings& settings) : settings_(settings) {}
  /// The context for a service's document, or why there is none.
  Result<std::shared_ptr<const void>> contextFor(const nlohmann::json& service);
  /// Makes the contexts of connect(); before the workers run.
  Status prepareConnector();
  std::unique_ptr<net::Transport> connect(int fd, std::string_view serverName,
                                          bool verify) const override;

 private:
  Result<std::shared_ptr<const tls::ClientContext>> context(bool verify, int depth);
  const Settings& settings_;
  std::map<std::string, std::shared_ptr<const tls::ClientContext>> contexts_;
  std::shared_ptr<const tls::ClientContext> verifying_, trusting_;
};

/// Opens transports with the context that UpstreamTls put into the service.
upstream::Pool::TlsFactory upstreamTlsFactory();

}  // namespace tollgate::server
