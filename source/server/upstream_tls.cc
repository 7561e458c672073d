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
  auto trusting = context(false, verifyDepth());
  if (!trusting) return trusting.error();
  std::vector<std::string> trusted = settings_.list("lua_ssl_trusted_certificate");
  if (trusted.empty() || trusted == std::vector<std::string>{"system"}) return {};
  auto verifying = context(true, verifyDepth());
  return verifying ? Status() : verifying.error();
}

Result<std::shared_ptr<const void>> UpstreamTls::contextFor(const nlohmann::json& service) {
  auto flag = service.find("tls_verify");
  bool verify = flag != service.end() && flag->is_boolean() && flag->get<bool>();
  int depth = verifyDepth();
  auto limit = service.find("tls_verify_depth");
  if (limit != service.end() && limit->is_number()) depth = limit->get<int>();
  auto found = context(verify, depth);
  if (!found) return found.error();
  return std::shared_ptr<const void>(std::move(found).value());
}

Result<std::shared_ptr<const http::TlsClient>> UpstreamTls::client(bool verify) {
  auto& client = clients_[verify];
  if (client == nullptr) {
    auto made = context(verify, verifyDepth());
    if (!made) return made.error();
    client = std::make_shared<FilterClient>(std::move(made).value());
  }
  return client;
}

Result<std::shared_ptr<const tls::ClientContext>> UpstreamTls::context(bool verify, int depth) {
  std::string key = verify ? "verify " + std::to_string(depth) : "any";
  auto& context = contexts_[key];
  if (context != nullptr) return context;
  tls::ClientContext::Settings wanted;
  wanted.verify = verify;
  wanted.verifyDepth = depth;
  for (const std::string& file : settings_.list("lua_ssl_trusted_certificate")) {
    if (file == "system") {
      wanted.systemTrust = true;
      continue;
    }
    auto text = pemOf(file);
    if (!text) return Error::invalid(text.error().text(), "lua_ssl_trusted_certificate");
    wanted.trustedPem += *text + "\n";
  }
  if (settings_.flag("client_ssl")) {
    auto pair = readPair(settings_.text("client_ssl_cert"), settings_.text("client_ssl_cert_key"));
    if (!pair) return Error::invalid(pair.error().text(), "client_ssl_cert");
    wanted.clientCertificate = std::move(pair).value();
  }
  auto made = tls::ClientContext::create(std::move(wanted));
  if (!made) {
    contexts_.erase(key);
    return made.error();
  }
  context = std::move(made).value();
  return context;
}

upstream::ProbeTls probeTlsFactory() {
  return [](const upstream::ActiveChecks& checks, int fd,
            std::string_view serverName) -> std::unique_ptr<net::Transport> {
    if (checks.tlsContext == nullptr) return nullptr;
    return static_cast<const tls::ClientContext*>(checks.tlsContext.get())->connect(fd, serverName);
  };
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
