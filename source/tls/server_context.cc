#include "source/tls/server_context.h"

#include <openssl/nid.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <mutex>
#include <optional>
#include <span>

#include "source/tls/boringssl.h"
#include "source/tls/client_hello.h"
#include "source/tls/served_certificate.h"
#include "source/tls/ticket_keys.h"
#include "source/tls/tls_transport.h"
#include "source/tls/trust.h"

namespace tollgate::tls {
namespace {

constexpr uint32_t kTicketSeconds = TicketKeys::kPeriodSeconds;
// TLS 1.0 and 1.1 know none of those.
constexpr const char* kLegacyCiphers =
    ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-SHA:AES256-SHA";

std::optional<uint16_t> versionOf(std::string_view name) {
  if (name == "TLSv1") return uint16_t{TLS1_VERSION};
  if (name == "TLSv1.1") return uint16_t{TLS1_1_VERSION};
  if (name == "TLSv1.2") return uint16_t{TLS1_2_VERSION};
  if (name == "TLSv1.3") return uint16_t{TLS1_3_VERSION};
  return std::nullopt;
}

/// Seconds that do not go back, for the ticket keys.
int64_t coarseSeconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

/// Lower case in place of the caller's buffer.
std::string_view lowerCase(std::string_view name, char* out) {
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    out[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return {out, name.size()};
}

/// Whether a list of big-endian 16-bit numbers holds one.
bool holds(std::span<const uint8_t> list, uint16_t number) {
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    if ((list[i] << 8 | list[i + 1]) == number) return true;
  }
  return false;
}

/// The body of an extension without its own length prefix of `prefix` bytes.
std::optional<std::span<const uint8_t>> extensionList(const SSL_CLIENT_HELLO* hello, uint16_t type,
                                                      size_t prefix) {
  const uint8_t* bytes = nullptr;
  size_t length = 0;
  if (!SSL_early_callback_ctx_extension_get(hello, type, &bytes, &length)) return std::nullopt;
  if (length < prefix) return std::nullopt;
  return std::span(bytes + prefix, length - prefix);
}

/// What the callbacks of one connection need. Lives as long as the connection.
struct Acceptance {
  std::shared_ptr<const ServerContext> context;
  ServerContext::Impl* server = nullptr;
  std::shared_ptr<const CertificateTable> certificates;  ///< Until one was chosen.
};

/// Where a connection keeps its Acceptance.
int acceptanceIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

Acceptance& acceptanceOf(const SSL* ssl) {
  return *static_cast<Acceptance*>(SSL_get_ex_data(ssl, acceptanceIndex()));
}

}  // namespace

struct ServerContext::Impl {
  using Choice = std::vector<Candidate>;

  explicit Impl(Settings given) : settings(std::move(given)), tickets(coarseSeconds()) {}

  Status build();
  Result<Choice> makeChoice(const std::vector<KeyPair>& pairs);
  Result<Candidate> makeCandidate(const KeyPair& pair);
  Status addDefault(const KeyPair& pair);
  Result<bssl::UniquePtr<SSL_CTX>> makeContext();
  Status configureCiphers(SSL_CTX* context) const;
  const Choice& choiceFor(const CertificateTable* certificates, std::string_view serverName) const;
  const Candidate& candidateFor(const Choice& choice, const SSL_CLIENT_HELLO* hello) const;
  bool show(SSL* ssl, const Candidate& chosen) const;
  bool usable(crypto::KeyType kind, const SSL_CLIENT_HELLO* hello) const;

  static ssl_select_cert_result_t selectCertificate(const SSL_CLIENT_HELLO* hello);
  static int selectAlpn(SSL* ssl, const uint8_t** out, uint8_t* outLength, const uint8_t* in,
                        unsigned length, void*);
  static const SSL_TICKET_AEAD_METHOD kTicketMethod;
  static Impl& of(const SSL* ssl) { return *acceptanceOf(ssl).server; }

  Settings settings;  ///< Without the key pairs, once built.
  uint16_t minVersion = 0, maxVersion = 0;
  Choice first;  ///< The defaults that were there from the beginning.
  /// The defaults of now: `first`, or the last of those that addDefault() made. None is
  /// freed before the context: a handshake may be reading it.
  std::atomic<const Choice*> defaults = nullptr;
  std::mutex adding;
  std::vector<std::unique_ptr<const Choice>> added;
  CertificateTable named;
  std::string ciphers;       ///< As OpenSSL lists them.
  bool usualCiphers = true;  ///< They are those that the certificates of a table come with.
  std::vector<uint16_t> ecdsaSuites;  ///< TLS 1.2 suites of ours that an ECDSA certificate serves.
  mutable TicketKeys tickets;
};

const SSL_TICKET_AEAD_METHOD ServerContext::Impl::kTicketMethod = {
    [](SSL*) { return TicketKeys::kOverhead; },
    [](SSL* ssl, uint8_t* out, size_t* length, size_t max, const uint8_t* in, size_t inLength) {
      return of(ssl).tickets.seal(coarseSeconds(), {out, max}, *length, {in, inLength}) ? 1 : 0;
    },
    [](SSL* ssl, uint8_t* out, size_t* length, size_t max, const uint8_t* in, size_t inLength) {
      return of(ssl).tickets.open(coarseSeconds(), {out, max}, *length, {in, inLength})
                 ? ssl_ticket_aead_success
                 : ssl_ticket_aead_ignore_ticket;
    },
};

Status ServerContext::Impl::build() {
  auto minimum = versionOf(settings.minVersion), maximum = versionOf(settings.maxVersion);
  if (!minimum || !maximum || *minimum > *maximum) {
    return Error::invalid("TLS versions " + settings.minVersion + " to " + settings.maxVersion +
                          " are no range; use TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3");
  }
  minVersion = *minimum;
  maxVersion = *maximum;
  if (auto checked = alpnWireFormat(settings.alpn); !checked.ok()) return checked.error();
  usualCiphers = settings.ciphers.empty() && minVersion >= TLS1_2_VERSION;
  ciphers = settings.ciphers;
  if (ciphers.empty()) ciphers = kModernCiphers;
  if (settings.ciphers.empty() && !usualCiphers) ciphers += kLegacyCiphers;
  if (!tickets.ok()) return Error::internal("cannot make session ticket keys");
  auto defaults = makeChoice(settings.defaults);
  if (!defaults.ok()) return Error::invalid(defaults.error().message, "default certificate");
  first = std::move(defaults).value();
  for (const Settings::Named& named : settings.named) {
    std::string place = "certificate of ";
    place += named.serverNames.empty() ? "no server name" : named.serverNames.front();
    auto certificate = ServedCertificate::create(named.pairs);
    if (!certificate) return Error::invalid(certificate.error().message, place);
    for (const std::string& name : named.serverNames) {
      if (name.empty() || name.size() > 255) return Error::invalid("bad server name", place);
      this->named.add(name, *certificate);
    }
  }
  this->defaults = &first;
  settings.defaults.clear();
  settings.named.clear();
  return {};
}

Result<ServerContext::Impl::Choice> ServerContext::Impl::makeChoice(
    const std::vector<KeyPair>& pairs) {
  if (pairs.empty()) return Error::invalid("a certificate with its private key is needed");
  Choice choice;
  for (const KeyPair& pair : pairs) {
    auto candidate = makeCandidate(pair);
    if (!candidate.ok()) return candidate.error();
    choice.push_back(std::move(candidate).value());
  }
  sortByPreference(choice);
  return choice;
}

Result<Candidate> ServerContext::Impl::makeCandidate(const KeyPair& pair) {
  auto loaded = loadKeyPair(pair);
  if (!loaded.ok()) return loaded.error();
  auto context = makeContext();
  if (!context.ok()) return context.error();
  if (!loaded->use(context->get())) {
    return Error::invalid("the certificate cannot be used for a TLS server");
  }
  return Candidate{std::move(context).value(), loaded->key.type()};
}

Status ServerContext::Impl::addDefault(const KeyPair& pair) {
  auto candidate = makeCandidate(pair);
  if (!candidate.ok()) return Error::invalid(candidate.error().message, "default certificate");
  std::lock_guard lock(adding);
  auto next = std::make_unique<Choice>();
  for (const Candidate& known : *defaults.load(std::memory_order_relaxed)) {
    next->push_back({bssl::UpRef(known.context), known.kind});
  }
  next->push_back(std::move(candidate).value());
  sortByPreference(*next);
  defaults.store(next.get(), std::memory_order_release);
  added.push_back(std::move(next));
  return {};
}

Result<bssl::UniquePtr<SSL_CTX>> ServerContext::Impl::makeContext() {
  const bool clients = !settings.clientCaPem.empty();
  bssl::UniquePtr<SSL_CTX> made(SSL_CTX_new(clients ? TLS_method() : TLS_with_buffers_method()));
  SSL_CTX* context = made.get();
  if (context == nullptr || !SSL_CTX_set_min_proto_version(context, minVersion) ||
      !SSL_CTX_set_max_proto_version(context, maxVersion) ||
      !SSL_CTX_set1_curves_list(context, "X25519:P-256:P-384")) {
    ERR_clear_error();
    return Error::internal("cannot make a TLS context");
  }
  if (Status status = configureCiphers(context); !status.ok()) return status.error();
  if (clients) {
    Status status =
        verifyClients(context, settings.clientCaPem, settings.clientCertificateRequired);
    if (!status.ok()) return status.error();
  }
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions live in tickets only: no cache and so no lock.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_session_psk_dhe_timeout(context, kTicketSeconds);
  if (settings.sessionTickets && !clients) {
    SSL_CTX_set_ticket_aead_method(context, &kTicketMethod);
  } else {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  }
  setServerCallbacks(context);
  return made;
}

void setServerCallbacks(SSL_CTX* context) {
  SSL_CTX_set_select_certificate_cb(context, &ServerContext::Impl::selectCertificate);
  SSL_CTX_set_alpn_select_cb(context, &ServerContext::Impl::selectAlpn, nullptr);
}

Status ServerContext::Impl::configureCiphers(SSL_CTX* context) const {
  bool set = SSL_CTX_set_cipher_list(context, ciphers.c_str()) == 1;
  ERR_clear_error();
  if (!set) {
    return Error::invalid(
        "none of the ciphers is known: " + ciphers +
        "; use OpenSSL names such as ECDHE-RSA-AES128-GCM-SHA256, separated by \":\"");
  }
  return {};
}

const ServerContext::Impl::Choice& ServerContext::Impl::choiceFor(
    const CertificateTable* certificates, std::string_view serverName) const {
  const ServedCertificate* found = certificates ? certificates->find(serverName) : nullptr;
  if (found == nullptr) found = named.find(serverName);
  return found ? found->impl().candidates : *defaults.load(std::memory_order_acquire);
}

const Candidate& ServerContext::Impl::candidateFor(const Choice& choice,
                                                   const SSL_CLIENT_HELLO* hello) const {
  if (choice.size() == 1) return choice.front();
  for (const Candidate& candidate : choice) {
    if (usable(candidate.kind, hello)) return candidate;
  }
  return choice.back();
}

/// Whether the client can verify a key of this kind, as far as its first message says.
bool ServerContext::Impl::usable(crypto::KeyType kind, const SSL_CLIENT_HELLO* hello) const {
  if (kind == crypto::KeyType::kRsa) return true;
  uint16_t scheme = kind == crypto::KeyType::kEcP256 ? SSL_SIGN_ECDSA_SECP256R1_SHA256
                                                     : SSL_SIGN_ECDSA_SECP384R1_SHA384;
  auto schemes = extensionList(hello, TLSEXT_TYPE_signature_algorithms, 2);
  if (!schemes || !holds(*schemes, scheme)) return false;
  auto versions = extensionList(hello, TLSEXT_TYPE_supported_versions, 1);
  if (maxVersion >= TLS1_3_VERSION && versions && holds(*versions, TLS1_3_VERSION)) return true;
  std::span suites(hello->cipher_suites, hello->cipher_suites_len);
  return std::any_of(ecdsaSuites.begin(), ecdsaSuites.end(),
                     [&](uint16_t suite) { return holds(suites, suite); });
}

/// Makes the connection show a certificate.
bool ServerContext::Impl::show(SSL* ssl, const Candidate& chosen) const {
  // A context that verifies clients is of another method, between which connections cannot switch.
  if (!settings.clientCaPem.empty() && chosen.pair) return chosen.pair->use(ssl);
  if (SSL_set_SSL_CTX(ssl, chosen.context.get()) == nullptr) return false;
  return usualCiphers || SSL_set_cipher_list(ssl, ciphers.c_str()) == 1;
}

ssl_select_cert_result_t ServerContext::Impl::selectCertificate(const SSL_CLIENT_HELLO* hello) {
  Acceptance& acceptance = acceptanceOf(hello->ssl);
  const Impl& self = *acceptance.server;
  std::string_view name;
  char lower[256];
  if (auto extension = extensionList(hello, TLSEXT_TYPE_server_name, 0)) {
    auto host = hostNameOf({reinterpret_cast<const char*>(extension->data()), extension->size()});
    if (host) name = lowerCase(*host, lower);  // if not, BoringSSL will refuse or ignore it
  }
  const Choice& choice = self.choiceFor(acceptance.certificates.get(), name);
  const Candidate& chosen = self.candidateFor(choice, hello);
  const bool switched = self.show(hello->ssl, chosen);
  acceptance.certificates.reset();  // the connection holds what it chose
  return switched ? ssl_select_cert_success : ssl_select_cert_error;
}

int ServerContext::Impl::selectAlpn(SSL* ssl, const uint8_t** out, uint8_t* outLength,
                                    const uint8_t* in, unsigned length, void*) {
  const Impl& self = of(ssl);
  if (self.settings.alpn.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (const std::string& ours : self.settings.alpn) {
    // BoringSSL has checked the lengths in the list.
    for (unsigned at = 0; at < length; at += 1u + in[at]) {
      std::string_view theirs(reinterpret_cast<const char*>(in + at + 1), in[at]);
      if (theirs != ours) continue;
      *out = in + at + 1;
      *outLength = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

ServerContext::ServerContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerContext::~ServerContext() = default;

Result<std::shared_ptr<const ServerContext>> ServerContext::create(Settings settings) {
  auto impl = std::make_unique<Impl>(std::move(settings));
  if (Status built = impl->build(); !built.ok()) return built.error();
  const auto* suites = SSL_CTX_get_ciphers(impl->first.front().context.get());
  for (size_t i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
    const SSL_CIPHER* suite = sk_SSL_CIPHER_value(suites, i);
    if (SSL_CIPHER_get_auth_nid(suite) == NID_auth_ecdsa) {
      impl->ecdsaSuites.push_back(SSL_CIPHER_get_protocol_id(suite));
    }
  }
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(impl)));
}

Status ServerContext::addDefault(const KeyPair& pair) const { return impl_->addDefault(pair); }

std::unique_ptr<net::Transport> ServerContext::accept(
    int fd, std::string prefix, std::shared_ptr<const CertificateTable> certificates) const {
  bssl::UniquePtr<SSL> ssl(SSL_new(impl_->first.front().context.get()));
  auto acceptance = std::make_shared<Acceptance>(
      Acceptance{shared_from_this(), impl_.get(), std::move(certificates)});
  if (ssl != nullptr && SSL_set_ex_data(ssl.get(), acceptanceIndex(), acceptance.get()) != 1) {
    ssl.reset();
  }
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsTransport>(std::move(ssl), fd, std::move(acceptance), "",
                                        std::move(prefix));
}

std::unique_ptr<net::Transport> ServerContext::accept(
    int fd, buffer::Buffer prefix, std::shared_ptr<const CertificateTable> certificates) const {
  return accept(fd, prefix.toString(), std::move(certificates));
}

std::unique_ptr<net::Transport> ServerContext::accept(int fd) const {
  return accept(fd, std::string(), nullptr);
}

}  // namespace tollgate::tls
