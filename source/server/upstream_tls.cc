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

Result<std::shared_ptr<const void>> UpstreamTls::contextFor(const Json& service) {
  auto flag = service.find("tls_verify");
  bool verify = flag != service.end() && flag->is_boolean() && flag->get<bool>();
  int depth = verifyDepth();
  auto limit = service.find("tls_verify_depth");
  if (limit != service.end() && limit->is_number()) depth = limit->get<int>();
  Own own;
  auto pair = service.find("client_certificate");
  if (pair != service.end() && pair->is_object()) {
    own.certificate = pair->value("cert", std::string());
    own.key = pair->value("key", std::string());
  }
  auto authorities = service.find("ca_certificates");
  if (authorities != service.end() && authorities->is_array()) {
    for (const auto& text : *authorities) {
      std::string pem = text.is_string() ? text.get<std::string>() : "";
      if (pem.empty()) return Error::invalid("names a CA certificate that is not there");
      own.authorities += pem + "\n";
    }
  }
  if (auto protocols = service.find("alpn"); protocols != service.end()) {
    for (const auto& name : *protocols) own.alpn.push_back(name.get<std::string>());
  }
  auto found = context(verify, depth, own);
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

Result<std::shared_ptr<const tls::ClientContext>> UpstreamTls::context(bool verify, int depth,
                                                                       const Own& own) {
  std::string key = verify ? "verify " + std::to_string(depth) : "any";
  for (const std::string& protocol : own.alpn) key += " " + protocol;
  if (!own.any()) {
    auto& context = contexts_[key];
    if (context != nullptr) return context;
    auto made = make(verify, depth, own);
    if (made) {
      context = *made;
    } else {
      contexts_.erase(key);
    }
    return made;
  }
  std::erase_if(own_, [](const auto& each) { return each.second.expired(); });
  key += "|" + own.certificate + "|" + own.key + "|" + own.authorities;
  auto found = own_.find(key);
  if (found != own_.end()) {
    if (auto context = found->second.lock()) return context;
  }
  auto made = make(verify, depth, own);
  if (made) own_[key] = *made;
  return made;
}

Result<std::shared_ptr<const tls::ClientContext>> UpstreamTls::make(bool verify, int depth,
                                                                    const Own& own) {
  tls::ClientContext::Settings wanted;
  wanted.verify = verify;
  wanted.verifyDepth = depth;
  wanted.trustedPem = own.authorities;
  wanted.alpn = own.alpn;
  for (const std::string& file : own.authorities.empty()
                                     ? settings_.list("lua_ssl_trusted_certificate")
                                     : std::vector<std::string>()) {
    if (file == "system") {
      wanted.systemTrust = true;
      continue;
    }
    auto text = pemOf(file);
    if (!text) return Error::invalid(text.error().text(), "lua_ssl_trusted_certificate");
    wanted.trustedPem += *text + "\n";
  }
  if (!own.certificate.empty()) {
    tls::KeyPair pair{own.certificate, own.key};
    if (Status checked = tls::checkKeyPair(pair); !checked) {
      return Error::invalid(checked.error().text(), "client_certificate");
    }
    wanted.clientCertificate = std::move(pair);
  } else if (settings_.flag("client_ssl")) {
    auto pair = readPair(settings_.text("client_ssl_cert"), settings_.text("client_ssl_cert_key"));
    if (!pair) return Error::invalid(pair.error().text(), "client_ssl_cert");
    wanted.clientCertificate = std::move(pair).value();
  }
  return tls::ClientContext::create(std::move(wanted));
}

upstream::ProbeTls probeTlsFactory() {
  return [](const upstream::ActiveChecks& checks, int fd,
            std::string_view serverName) -> std::unique_ptr<net::Transport> {
    if (checks.tlsContext == nullptr) return nullptr;
    return static_cast<const tls::ClientContext*>(checks.tlsContext.get())->connect(fd, serverName);
  };
}

upstream::StreamPool::TlsFactory upstreamTlsFactory() {
  return [](const upstream::Target& target, int fd) -> std::unique_ptr<net::Transport> {
    const void* context = target.service->tlsContext.get();
    if (context == nullptr) return nullptr;
    const bool offers = target.http2() != upstream::Http2::kNever;
    return static_cast<const tls::ClientContext*>(context)->connect(fd, target.serverName, offers);
  };
}

}  // namespace tollgate::server
