#include "source/tls/client_context.h"

#include <arpa/inet.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdlib>

#include "source/tls/boringssl.h"
#include "source/tls/session_cache.h"
#include "source/tls/tls_transport.h"
#include "source/tls/trust.h"

namespace tollgate::tls {
namespace {

/// Where distributions keep the bundle of trusted certificates.
constexpr const char* kSystemBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

Result<std::string> readSystemBundle() {
  if (const char* path = std::getenv("SSL_CERT_FILE"); path != nullptr && *path != '\0') {
    return readPemFile(path, "bundle of trusted certificates that SSL_CERT_FILE names");
  }
  for (const char* path : kSystemBundles) {
    if (::access(path, R_OK) == 0)
      return readPemFile(path, "system's bundle of trusted certificates");
  }
  return Error::invalid(
      "the system has no bundle of trusted certificates; install ca-certificates or set "
      "SSL_CERT_FILE");
}

/// The bytes of an IP address literal, or none.
std::string ipBytes(const std::string& name) {
  char bytes[16];
  if (inet_pton(AF_INET, name.c_str(), bytes) == 1) return {bytes, 4};
  if (inet_pton(AF_INET6, name.c_str(), bytes) == 1) return {bytes, 16};
  return {};
}

}  // namespace

struct ClientContext::Impl {
  Status build(const Settings& settings);
  Status buildTrust(const Settings& settings);
  static int onNewSession(SSL* ssl, SSL_SESSION* session);

  bssl::UniquePtr<CRYPTO_BUFFER_POOL> pool;  ///< Outlives the context; shares equal certificates.
  bssl::UniquePtr<SSL_CTX> context;
  bool verify = false;
  mutable SessionCache sessions;
};

Status ClientContext::Impl::build(const Settings& settings) {
  verify = settings.verify;
  pool.reset(CRYPTO_BUFFER_POOL_new());
  // Without verification nobody looks at the server's certificates: do not parse them.
  context.reset(SSL_CTX_new(verify ? TLS_method() : TLS_with_buffers_method()));
  if (pool == nullptr || context == nullptr ||
      !SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) ||
      !SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION) ||
      !SSL_CTX_set1_curves_list(context.get(), "X25519:P-256:P-384")) {
    ERR_clear_error();
    return Error::internal("cannot make a TLS context");
  }
  SSL_CTX_set0_buffer_pool(context.get(), pool.get());
  SSL_CTX_set_app_data(context.get(), this);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), &Impl::onNewSession);
  if (!verify) {
    SSL_CTX_set_custom_verify(context.get(), SSL_VERIFY_NONE,
                              [](SSL*, uint8_t*) { return ssl_verify_ok; });
  }
  if (settings.clientCertificate) {
    auto pair = loadKeyPair(*settings.clientCertificate);
    if (!pair.ok()) return Error::invalid(pair.error().message, "client certificate");
    if (!pair->use(context.get())) return Error::invalid("cannot be used", "client certificate");
  }
  auto alpn = alpnWireFormat(settings.alpn);
  if (!alpn.ok()) return alpn.error();
  if (!alpn->empty() &&  // returns 0 on success, unlike its neighbours
      SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const uint8_t*>(alpn->data()),
                              static_cast<unsigned>(alpn->size())) != 0) {
    return Error::internal("cannot set the application protocols");
  }
  return verify ? buildTrust(settings) : Status();
}

Status ClientContext::Impl::buildTrust(const Settings& settings) {
  if (settings.trustedPem.empty() && !settings.systemTrust) {
    return Error::invalid(
        "verification of the server needs trusted certificates; give some or turn on the system's");
  }
  if (settings.verifyDepth < 0) return Error::invalid("the verify depth must not be negative");
  X509_STORE* store = SSL_CTX_get_cert_store(context.get());
  if (!settings.trustedPem.empty()) {
    if (Status status = trust(store, settings.trustedPem); !status.ok()) {
      return Error::invalid(status.error().message, "trusted certificates");
    }
  }
  if (settings.systemTrust) {
    auto bundle = readSystemBundle();
    if (!bundle.ok()) return bundle.error();
    if (Status status = trust(store, *bundle); !status.ok()) {
      return Error::invalid(status.error().message, "the system's trusted certificates");
    }
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // BoringSSL counts the trusted certificate as well.
  SSL_CTX_set_verify_depth(context.get(), settings.verifyDepth + 1);
  return {};
}

int ClientContext::Impl::onNewSession(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  self->sessions.put(TlsTransport::of(ssl)->serverName(), bssl::UniquePtr<SSL_SESSION>(session));
  return 1;  // the reference is ours
}

ClientContext::ClientContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientContext::~ClientContext() = default;

Result<std::shared_ptr<const ClientContext>> ClientContext::create(Settings settings) {
  auto impl = std::make_unique<Impl>();
  if (Status built = impl->build(settings); !built.ok()) return built.error();
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(impl)));
}

std::unique_ptr<net::Transport> ClientContext::connect(int fd, std::string_view serverName,
                                                       bool offer) const {
  std::string name(serverName);
  bssl::UniquePtr<SSL> ssl(SSL_new(impl_->context.get()));
  if (ssl != nullptr) {
    SSL_set_connect_state(ssl.get());
    if (!offer) SSL_set_alpn_protos(ssl.get(), nullptr, 0);
    std::string address = ipBytes(name);
    bool ready =
        name.empty() || !address.empty() || SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    if (ready && impl_->verify && !name.empty()) {
      X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl.get());
      ready = address.empty()
                  ? X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1
                  : X509_VERIFY_PARAM_set1_ip(parameters,
                                              reinterpret_cast<const uint8_t*>(address.data()),
                                              address.size()) == 1;
    }
    auto session = impl_->sessions.take(name);
    if (ready && session != nullptr) SSL_set_session(ssl.get(), session.get());
    ERR_clear_error();
    if (!ready) ssl.reset();  // an impossible name: the handshake fails
  }
  return std::make_unique<TlsTransport>(std::move(ssl), fd, shared_from_this(), std::move(name),
                                        "");
}

}  // namespace tollgate::tls
