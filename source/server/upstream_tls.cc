#include "source/server/upstream_tls.h"

#include "source/server/default_certificates.h"

namespace tollgate::server {
namespace {

class FilterClient final : public http::TlsClient {
 public:
  explicit FilterClient(std::shared_ptr<const tls::ClientContext> context)
      : context_(std::move(context)) {}
  std::unique_ptr<net::Transport> connect(int fd, std::string_view serverName) const override {
    return context_->connect(fd, serverName);
  }

 private:
  std::shared_ptr<const tls::ClientContext> context_;
};

}  // namespace

Status UpstreamTls::check() {
  auto trusting = context(ofSettings(false));
  if (!trusting) return trusting.error();
  std::vector<std::string> trusted = settings_.list("lua_ssl_trusted_certificate");
  if (trusted.empty() || trusted == std::vector<std::string>{"system"}) return {};
  auto verifying = context(ofSettings(true));
  return verifying ? Status() : verifying.error();
}

Result<std::shared_ptr<const void>> UpstreamTls::contextFor(
    const nlohmann::json& service, const config::CompiledCertificates& certificates) {
  Wanted wanted = ofSettings(false);
  auto flag = service.find("tls_verify");
  wanted.verify = flag != service.end() && flag->is_boolean() && flag->get<bool>();
  auto limit = service.find("tls_verify_depth");
  if (limit != service.end() && limit->is_number()) wanted.depth = limit->get<int>();
  auto authorities = service.find("ca_certificates");
  if (wanted.verify && authorities != service.end() && authorities->is_array()) {
    for (const auto& id : *authorities) {
      const std::string* pem = certificates.authority(id.get<std::string>());
      if (pem == nullptr) {
        return Error::invalid("its CA certificate " + id.get<std::string>() + " does not exist");
      }
      wanted.trustedPem += *pem + "\n";
    }
  }
  auto client = service.find("client_certificate");
  if (client != service.end() && client->is_object()) {
    const std::string id = client->value("id", "");
    wanted.clientCertificate = certificates.pair(id);
    if (!wanted.clientCertificate) {
      return Error::invalid("its client certificate " + id + " does not exist");
    }
  }
  auto found = context(wanted);
  if (!found) return found.error();
  return std::shared_ptr<const void>(std::move(found).value());
}

Result<std::shared_ptr<const http::TlsClient>> UpstreamTls::client(bool verify) {
  auto& client = clients_[verify];
  if (client == nullptr) {
    auto made = context(ofSettings(verify));
    if (!made) return made.error();
    client = std::make_shared<FilterClient>(std::move(made).value());
  }
  return client;
}

std::string UpstreamTls::Wanted::key() const {
  std::string out = verify ? "verify " + std::to_string(depth) + "\n" + trustedPem : "any\n";
  if (clientCertificate) out += clientCertificate->certificatePem + clientCertificate->keyPem;
  return out;
}

Result<UpstreamTls::Context> UpstreamTls::context(const Wanted& wanted) {
  auto& known = wanted.ofService() ? ofServices_ : contexts_;
  std::string key = wanted.key();
  if (auto found = known.find(key); found != known.end()) return found->second;
  auto made = make(wanted);
  if (!made) return made.error();
  if (wanted.ofService()) dropUnused();
  known.emplace(std::move(key), *made);
  return std::move(made).value();
}

/// Contexts that no service of any snapshot uses any more.
void UpstreamTls::dropUnused() {
  std::erase_if(ofServices_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

Result<UpstreamTls::Context> UpstreamTls::make(const Wanted& wanted) const {
  tls::ClientContext::Settings out;
  out.verify = wanted.verify;
  out.verifyDepth = wanted.depth;
  out.trustedPem = wanted.trustedPem;
  out.clientCertificate = wanted.clientCertificate;
  const bool settingsTrust = wanted.trustedPem.empty();
  for (const std::string& file : settings_.list("lua_ssl_trusted_certificate")) {
    if (!settingsTrust) break;
    if (file == "system") {
      out.systemTrust = true;
      continue;
    }
    auto text = pemOf(file);
    if (!text) return Error::invalid(text.error().text(), "lua_ssl_trusted_certificate");
    out.trustedPem += *text + "\n";
  }
  if (!out.clientCertificate && settings_.flag("client_ssl")) {
    auto pair = readPair(settings_.text("client_ssl_cert"), settings_.text("client_ssl_cert_key"));
    if (!pair) return Error::invalid(pair.error().text(), "client_ssl_cert");
    out.clientCertificate = std::move(pair).value();
  }
  return tls::ClientContext::create(std::move(out));
}

upstream::Pool::TlsFactory upstreamTlsFactory() {
  return [](const upstream::Service& service, int fd,
            std::string_view serverName) -> std::unique_ptr<net::Transport> {
    if (service.tlsContext == nullptr) return nullptr;
    return static_cast<const tls::ClientContext*>(service.tlsContext.get())
        ->connect(fd, serverName);
  };
}

}  // namespace tollgate::server
