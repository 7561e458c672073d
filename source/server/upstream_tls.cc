#include "source/server/upstream_tls.h"

#include <fstream>
#include <sstream>

namespace tollgate::server {
namespace {

Result<std::string> readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error::invalid("cannot be read", path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool isPem(const std::string& text) { return text.find("-----BEGIN") != std::string::npos; }

/// PEM text, or the paths of files that hold it.
Result<tls::KeyPair> pairOf(const std::string& certificate, const std::string& key) {
  if (!isPem(certificate)) return tls::readKeyPair(certificate, key);
  tls::KeyPair pair{certificate, key};
  if (Status checked = tls::checkKeyPair(pair); !checked) return checked.error();
  return pair;
}

Result<std::vector<tls::KeyPair>> configured(const Settings& settings, const std::string& name) {
  std::vector<std::string> certificates = settings.list(name);
  std::vector<std::string> keys = settings.list(name + "_key");
  std::vector<tls::KeyPair> out;
  if (certificates.size() != keys.size()) {
    return Error::invalid(name + " and " + name + "_key must name as many files as each other");
  }
  for (size_t i = 0; i < certificates.size(); ++i) {
    auto pair = pairOf(certificates[i], keys[i]);
    if (!pair) return Error::invalid(pair.error().text(), name);
    out.push_back(std::move(pair).value());
  }
  return out;
}

}  // namespace

Result<DefaultCertificates> loadCertificates(const Settings& settings, const PrefixFolder& prefix) {
  DefaultCertificates out;
  for (auto [name, target, file] :
       {std::tuple{"ssl_cert", &out.proxy, "kong-default"},
        std::tuple{"admin_ssl_cert", &out.admin, "admin-kong-default"}}) {
    auto named = configured(settings, name);
    if (!named) return named.error();
    if (named->empty()) named = prefix.defaultCertificates(file);
    if (!named) return named.error();
    *target = std::move(named).value();
  }
  return out;
}

Result<std::shared_ptr<const void>> UpstreamTls::contextFor(const nlohmann::json& service) {
  auto flag = service.find("tls_verify");
  bool verify = flag != service.end() && flag->is_boolean() && flag->get<bool>();
  int depth = static_cast<int>(settings_.number("lua_ssl_verify_depth"));
  auto limit = service.find("tls_verify_depth");
  if (limit != service.end() && limit->is_number()) depth = limit->get<int>();
  auto found = context(verify, depth);
  if (!found) return found.error();
  return std::shared_ptr<const void>(std::move(found).value());
}

Status UpstreamTls::prepareConnector() {
  int depth = static_cast<int>(settings_.number("lua_ssl_verify_depth"));
  for (auto [verify, target] : {std::pair{true, &verifying_}, std::pair{false, &trusting_}}) {
    auto made = context(verify, depth);
    if (!made) return made.error();
    *target = std::move(made).value();
  }
  return {};
}

std::unique_ptr<net::Transport> UpstreamTls::connect(int fd, std::string_view serverName,
                                                     bool verify) const {
  const auto& context = verify ? verifying_ : trusting_;
  return context == nullptr ? nullptr : context->connect(fd, serverName);
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
    auto text = isPem(file) ? Result<std::string>(file) : readFile(file);
    if (!text) return Error::invalid(text.error().text(), "lua_ssl_trusted_certificate");
    wanted.trustedPem += *text + "\n";
  }
  if (settings_.flag("client_ssl")) {
    auto pair = pairOf(settings_.text("client_ssl_cert"), settings_.text("client_ssl_cert_key"));
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

upstream::Pool::TlsFactory upstreamTlsFactory() {
  return [](const upstream::Service& service, int fd,
            std::string_view serverName) -> std::unique_ptr<net::Transport> {
    if (service.tlsContext == nullptr) return nullptr;
    return static_cast<const tls::ClientContext*>(service.tlsContext.get())
        ->connect(fd, serverName);
  };
}

}  // namespace tollgate::server
