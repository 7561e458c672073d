#include "source/server/listener_plan.h"

#include <algorithm>
#include <chrono>

#include "source/base/host_port.h"
#include "source/config/node.h"
#include "source/log/error_log.h"
#include "source/net/open_admin.h"
#include "source/schema/message.h"
#include "source/server/http_chain.h"
#include "source/server/listen.h"
#include "source/server/open_admin_guard.h"
#include "source/store/postgres/host_lookup.h"
#include "tollgate/filters/network/http/v1/http.pb.h"
#include "tollgate/filters/network/tcp_proxy/v1/tcp_proxy.pb.h"
#include "tollgate/filters/network/tls/v1/tls.pb.h"

namespace tollgate::server {
namespace {

namespace httpv1 = filters::network::http::v1;
namespace tcpv1 = filters::network::tcp_proxy::v1;
namespace tlsv1 = filters::network::tls::v1;

constexpr std::chrono::seconds kBindLookup{2};  ///< For the name in a `bind`.

using Fields = google::protobuf::Map<std::string, google::protobuf::Value>;

/// What the settings say about who may use the Admin API.
struct AdminAccess {
  std::string tokensFile, tokens, clientCa;
  bool allowUnauthenticated = false;
};

/// Adds one listener that the setting describes, with `terminal` at the end of its chain.
void addListener(node::v1::Node& node, const std::string& name, const ListenEntry& entry,
                 bool http2, const char* terminal, const AdminAccess& access) {
  auto* listener = node.add_listeners();
  listener->set_name(name);
  bool six = entry.host.find(':') != std::string::npos;
  listener->add_bind((six ? "[" + entry.host + "]" : entry.host) + ":" +
                     std::to_string(entry.port));
  listener->set_backlog(static_cast<uint32_t>(entry.backlog));
  auto* chain = listener->add_filter_chains();
  if (entry.ssl) {
    auto* tls = chain->add_filters();
    tls->set_name("tls");
    if (!http2) {
      auto& alpn = (*tls->mutable_config()->mutable_fields())["alpn"];
      alpn.mutable_list_value()->add_values()->set_string_value("http/1.1");
    }
    if (!access.clientCa.empty()) {
      (*tls->mutable_config()->mutable_fields())["client_ca"].set_string_value(access.clientCa);
    }
  }
  auto* http = chain->add_filters();
  http->set_name("http");
  auto& filters = (*http->mutable_config()->mutable_fields())["filters"];
  auto append = [&](const char* filter) -> Fields& {
    auto* item = filters.mutable_list_value()->add_values()->mutable_struct_value();
    (*item->mutable_fields())["name"].set_string_value(filter);
    return *item->mutable_fields();
  };
  if (access.allowUnauthenticated) listener->set_allow_unauthenticated(true);
  if (!access.tokensFile.empty() || !access.tokens.empty()) {
    auto& config = *append("admin-auth")["config"].mutable_struct_value()->mutable_fields();
    if (!access.tokensFile.empty()) config["tokens_file"].set_string_value(access.tokensFile);
    if (!access.tokens.empty()) config["tokens"].set_string_value(access.tokens);
  }
  if (std::string_view(terminal) == "router") append("plugins");
  append(terminal);
}

Status addListeners(node::v1::Node& node, const Settings& settings, const char* setting,
                    const char* name, const char* terminal) {
  auto entries = parseListen(setting, settings.text(setting));
  if (!entries) return entries.error();
  bool http2 = std::any_of(entries->begin(), entries->end(), [](auto& e) { return e.http2; });
  AdminAccess access;
  if (std::string_view(terminal) == "admin-api") {
    access.tokensFile = settings.text("admin_tokens_file");
    access.tokens = settings.text("admin_tokens");
    access.clientCa = settings.text("admin_ssl_client_ca");
    access.allowUnauthenticated = settings.flag("admin_allow_unauthenticated");
    if (!access.tokensFile.empty() && !access.tokens.empty()) {
      return Error::invalid("stands beside admin_tokens_file: set one of the two", "admin_tokens");
    }
    if (!access.clientCa.empty() && access.tokensFile.empty() && access.tokens.empty()) {
      return Error::invalid(
          "needs admin_tokens_file, which says what the certificates of clients may do",
          "admin_ssl_client_ca");
    }
  }
  int number = 0;
  for (const ListenEntry& entry : *entries) {
    if (entry.proxyProtocol) {
      return Error::invalid("proxy_protocol is not supported yet: remove the flag", setting);
    }
    std::string suffix = number++ == 0 ? "" : "-" + std::to_string(number);
    addListener(node, name + suffix, entry, http2, terminal, access);
  }
  return {};
}

/// "10.0.0.1:80", "[::1]:80" or "name:80"; a name may have several addresses.
Result<std::vector<net::Address>> resolveBind(const std::string& text) {
  auto entries = parseListen("bind", text);
  if (!entries || entries->size() != 1) {
    return Error::invalid("expected <ip>:<port>, got '" + text + "'");
  }
  const ListenEntry& entry = entries->front();
  auto literal = net::Address::parse(entry.host, entry.port);
  if (literal) return std::vector<net::Address>{*literal};
  // Listeners of the store are compiled between other people's writes: a name server that does not
  // answer must not hold those up.
  const auto deadline = std::chrono::steady_clock::now() + kBindLookup;
  auto found = store::lookUpHost(entry.host, deadline, -1);
  if (!found) return Error::invalid(found.error().message);
  std::vector<net::Address> out;
  for (const std::string& ip : *found) {
    auto address = net::Address::parse(ip, entry.port);
    if (!address) continue;
    if (std::find(out.begin(), out.end(), *address) == out.end()) out.push_back(*address);
  }
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Compiles one listener; `place` grows as it descends.
class Compiler {
 public:
  /// `tellsOfFiles`: errors may say what is wrong with a file that the listener names.
  Compiler(const Settings& settings, const DefaultCertificates& certificates,
           const http::FilterContext& context, bool tellsOfFiles = true)
      : settings_(settings),
        certificates_(certificates),
        context_(context),
        tellsOfFiles_(tellsOfFiles) {}

  Result<ListenerPlan> listener(const node::v1::Listener& in, const std::string& place) {
    ListenerPlan plan;
    plan.name = in.name();
    if (in.has_backlog())
      plan.backlog = static_cast<int>(std::min<uint32_t>(in.backlog(), 1 << 20));
    if (in.bind().empty()) return Error::invalid("names no address", place + ".bind");
    for (int i = 0; i < in.bind_size(); ++i) {
      auto addresses = resolveBind(in.bind(i));
      if (!addresses) {
        return Error::invalid(addresses.error().message,
                              place + ".bind[" + std::to_string(i) + "]");
      }
      plan.addresses.insert(plan.addresses.end(), addresses->begin(), addresses->end());
    }
    if (!in.listener_filters().empty()) {
      return Error::invalid(
          "unknown listener filter '" + in.listener_filters(0).name() + "' (this build has none)",
          place + ".listener_filters[0].name");
    }
    if (in.filter_chains().empty()) return Error::invalid("has no filter chain", place);
    for (int i = 0; i < in.filter_chains_size(); ++i) {
      auto compiled =
          chain(in.filter_chains(i), place + ".filter_chains[" + std::to_string(i) + "]");
      if (!compiled) return compiled.error();
      plan.needsHello = plan.needsHello || compiled->match.needsHello();
      plan.policiesDiffer =
          plan.policiesDiffer || (i > 0 && plan.chains[0].clientPolicy != compiled->clientPolicy);
      plan.chains.push_back(std::move(compiled).value());
    }
    bool main = plan.onMain();
    for (size_t i = 0; i < plan.chains.size(); ++i) {
      Chain::Kind kind = plan.chains[i].kind;
      if (main != (kind == Chain::Kind::kAdmin || kind == Chain::Kind::kStatus)) {
        return Error::invalid(
            "a listener serves either the node (admin-api, status) or its traffic",
            place + ".filter_chains[" + std::to_string(i) + "]");
      }
    }
    if (Status guarded = guard(plan, in, place); !guarded) return guarded.error();
    for (Chain& chain : plan.chains) {
      if (chain.isOpenAdmin()) guardAgainstPages(chain, in);
    }
    return plan;
  }

 private:
  /// Closed by default: an Admin API that asks nobody who they are stays on this machine.
  static Status guard(const ListenerPlan& plan, const node::v1::Listener& in,
                      const std::string& place) {
    if (in.allow_unauthenticated()) return {};
    for (const Chain& chain : plan.chains) {
      if (!chain.isOpenAdmin()) continue;
      for (const net::Address& address : plan.addresses) {
        if (net::isLoopback(address)) continue;
        return Error::invalid(
            "admin_listen: the Admin API would be open to everybody who reaches " +
                address.toString() +
                ". Set one of these, as variables or, in lower case without KONG_, in the file of "
                "settings:\n"
                "  KONG_ADMIN_LISTEN=127.0.0.1:8001            for this machine only\n"
                "  KONG_ADMIN_TOKENS_FILE=/etc/kong/tokens     for who has a token; or the text of "
                "it:\n"
                "  KONG_ADMIN_TOKENS='tokens: [{name: me, scopes: [\"*\"], sha256: …}]'\n"
                "                                              `tollgate token new --name me "
                "--scope '*'` makes one\n"
                "  KONG_ADMIN_ALLOW_UNAUTHENTICATED=on         for everybody, as Kong has it: only "
                "in a network that nobody else reaches\n"
                "  (in a node file: the filter admin-auth, or allow_unauthenticated: true)",
            place + ".bind");
      }
    }
    return {};
  }

  void guardAgainstPages(Chain& chain, const node::v1::Listener& in) const {
    OpenAdminGuard::Settings wanted;
    wanted.anyHost = in.allow_unauthenticated();
    for (const std::string& url : settings_.list("admin_gui_url")) {
      wanted.origins.push_back(originOf(url));
    }
    for (const std::string& name : settings_.list("admin_allowed_hosts")) {
      wanted.hosts.push_back(lower(name));
    }
    for (const std::string& bind : in.bind()) {  // which may be a name
      wanted.hosts.push_back(lower(std::string(HostPort::split(bind).host)));
    }
    auto filters = chain.filters != nullptr
                       ? std::make_shared<proxy::ListenerFilters>(*chain.filters)
                       : std::make_shared<proxy::ListenerFilters>();
    http::PlanEntry entry;
    entry.name = "open-admin-guard";
    auto filter = std::make_shared<OpenAdminGuard>(std::move(wanted));
    entry.fallback = filter.get();
    filters->before.entries.insert(filters->before.entries.begin(), std::move(entry));
    filters->before.finish();
    filters->owned.push_back(std::move(filter));
    chain.filters = std::move(filters);
  }

  Result<Chain> chain(const node::v1::FilterChain& in, const std::string& place) {
    Chain out;
    if (Status matched = match(in.match(), place + ".match", out.match); !matched) {
      return matched.error();
    }
    const node::v1::Filter* tlsFilter = nullptr;
    std::string tlsPlace;
    for (int i = 0; i < in.filters_size(); ++i) {
      const node::v1::Filter& filter = in.filters(i);
      std::string here = place + ".filters[" + std::to_string(i) + "]";
      bool last = i + 1 == in.filters_size();
      if (filter.name() == "tls" && i == 0) {
        tlsFilter = &filter;
        tlsPlace = here;
      } else if (filter.name() == "http" || filter.name() == "tcp-proxy") {
        if (!last) return Error::invalid("must be the last filter of its chain", here);
        Status done = filter.name() == "http" ? http(filter, here, out) : tcp(filter, here, out);
        if (!done) return done.error();
      } else {
        return Error::invalid("unknown network filter '" + filter.name() +
                                  "', or at the wrong place (tls, then http or tcp-proxy)",
                              here + ".name");
      }
      if (last && filter.name() == "tls")
        return Error::invalid("nothing follows the tls filter", here);
    }
    if (in.filters().empty()) return Error::invalid("has no filter", place + ".filters");
    if (tlsFilter != nullptr) {
      if (Status done = tls(*tlsFilter, tlsPlace, out); !done) return done.error();
    } else if (out.match.needsHello()) {
      return Error::invalid("server names and protocols are known with TLS only: add a tls filter",
                            place + ".match");
    }
    return out;
  }

  static Status match(const node::v1::Match& in, const std::string& place, ChainMatch& out) {
    for (const std::string& name : in.server_names()) out.serverNames.push_back(lower(name));
    out.protocols.assign(in.application_protocols().begin(), in.application_protocols().end());
    for (int i = 0; i < in.source_prefix_ranges_size(); ++i) {
      auto range = net::AddressRange::parse(in.source_prefix_ranges(i));
      if (!range) {
        return Error::invalid("not an address range: '" + in.source_prefix_ranges(i) + "'",
                              place + ".source_prefix_ranges[" + std::to_string(i) + "]");
      }
      out.sources.push_back(*range);
    }
    if (in.has_destination_port()) {
      if (in.destination_port() == 0 || in.destination_port() > 65535) {
        return Error::invalid("not a port", place + ".destination_port");
      }
      out.destinationPort = static_cast<uint16_t>(in.destination_port());
    }
    return {};
  }

  template <typename Config>
  static Status decode(const node::v1::Filter& filter, const std::string& place, Config& out) {
    Status decoded = schema::decodeStrict(config::configOf(filter), out, "");
    if (decoded) return {};
    return Error::invalid(decoded.error().message, place + ".config." + decoded.error().place);
  }

  Status http(const node::v1::Filter& filter, const std::string& place, Chain& out) {
    httpv1::Config config;
    if (Status decoded = decode(filter, place, config); !decoded) return decoded;
    auto compiled = compileHttpChain(config, place + ".config", context_);
    if (!compiled) return compiled.error();
    out.kind = compiled->terminal == HttpChain::Terminal::kAdmin    ? Chain::Kind::kAdmin
               : compiled->terminal == HttpChain::Terminal::kStatus ? Chain::Kind::kStatus
                                                                    : Chain::Kind::kProxy;
    out.filters = compiled->filters;
    out.authenticated = compiled->authenticated;
    return {};
  }

  static Status tcp(const node::v1::Filter& filter, const std::string& place, Chain& out) {
    tcpv1::Config config;
    if (Status decoded = decode(filter, place, config); !decoded) return decoded;
    if (config.host().empty()) return Error::invalid("required", place + ".config.host");
    if (config.port() == 0 || config.port() > 65535) {
      return Error::invalid("required, from 1 to 65535", place + ".config.port");
    }
    out.kind = Chain::Kind::kTcp;
    out.tcp.host = config.host();
    out.tcp.port = static_cast<uint16_t>(config.port());
    if (config.has_connect_timeout_ms()) {
      out.tcp.connectTimeout = std::chrono::milliseconds(config.connect_timeout_ms());
    }
    if (config.has_idle_timeout_ms()) {
      out.tcp.idleTimeout = std::chrono::milliseconds(config.idle_timeout_ms());
    }
    return {};
  }

  Status tls(const node::v1::Filter& filter, const std::string& place, Chain& out) {
    tlsv1::Config config;
    if (Status decoded = decode(filter, place, config); !decoded) return decoded;
    tls::ServerContext::Settings settings;
    for (int i = 0; i < config.certificates_size(); ++i) {
      const auto& certificate = config.certificates(i);
      auto pair = tls::readKeyPair(certificate.certificate(), certificate.key());
      if (!pair) {
        return fileError(pair.error(), place + ".config.certificates[" + std::to_string(i) + "]");
      }
      settings.defaults.push_back(std::move(pair).value());
    }
    bool main = out.kind == Chain::Kind::kAdmin || out.kind == Chain::Kind::kStatus;
    out.defaultCertificates = settings.defaults.empty();
    if (out.defaultCertificates) {
      settings.defaults = main ? certificates_.admin : certificates_.proxy;
    }
    const std::string protocols = settings_.text("ssl_protocols");
    settings.minVersion = protocols.find("TLSv1.2") == std::string::npos ? "TLSv1.3" : "TLSv1.2";
    settings.maxVersion = protocols.find("TLSv1.3") == std::string::npos ? "TLSv1.2" : "TLSv1.3";
    if (settings_.text("ssl_cipher_suite") == "modern") settings.minVersion = "TLSv1.3";
    if (settings_.text("ssl_cipher_suite") == "custom")
      settings.ciphers = settings_.text("ssl_ciphers");
    if (config.has_min_version()) settings.minVersion = config.min_version();
    settings.sessionTickets = config.has_session_tickets() ? config.session_tickets()
                                                           : settings_.flag("ssl_session_tickets");
    if (config.has_client_ca()) {
      auto pem = tls::readCertificates(config.client_ca());
      if (!pem) return fileError(pem.error(), place + ".config.client_ca");
      settings.clientCaPem = std::move(pem).value();
    }
    settings.clientCertificateRequired = config.client_certificate_required();
    out.clientPolicy = policyNumber(settings);
    if (config.client_certificate_required() && !config.has_client_ca()) {
      return Error::invalid("needs client_ca", place + ".config.client_certificate_required");
    }
    settings.alpn = {"h2", "http/1.1"};
    if (!config.alpn().empty()) settings.alpn.assign(config.alpn().begin(), config.alpn().end());
    if (out.kind == Chain::Kind::kTcp && config.alpn().empty()) settings.alpn.clear();
    auto context = tls::ServerContext::create(std::move(settings));
    if (!context) return Error::invalid(context.error().text(), place + ".config");
    out.tls = std::move(context).value();
    return {};
  }

  /// The number of what a chain demands of clients' certificates.
  int policyNumber(const tls::ServerContext::Settings& settings) {
    if (settings.clientCaPem.empty()) return 0;
    std::pair<std::string, bool> policy(settings.clientCaPem, settings.clientCertificateRequired);
    auto known = std::find(clientPolicies_.begin(), clientPolicies_.end(), policy);
    int number = static_cast<int>(known - clientPolicies_.begin()) + 1;
    if (known == clientPolicies_.end()) clientPolicies_.push_back(std::move(policy));
    return number;
  }

  /// Whoever may write listeners is not thereby allowed to ask which files there are, whom they
  /// belong to, and what they hold.
  Error fileError(const Error& error, const std::string& place) const {
    if (tellsOfFiles_) return Error::invalid(error.text(), place);
    log::error(log::Level::kWarn, "listener: " + place + ": " + error.text());
    return Error::invalid("names a file that cannot be used; the node's log says why", place);
  }

  const Settings& settings_;
  const DefaultCertificates& certificates_;
  const http::FilterContext& context_;
  std::vector<std::pair<std::string, bool>> clientPolicies_;  ///< Authorities, and if required.
  bool tellsOfFiles_;
};

/// How well the name fits: 0 not at all, 1 no name asked for, else the better the longer.
size_t nameRank(const std::vector<std::string>& wanted, std::string_view name) {
  if (wanted.empty()) return 1;
  size_t best = 0;
  for (const std::string& pattern : wanted) {
    if (pattern == name) return 100000;
    bool wildcard = pattern.starts_with("*.") && name.size() > pattern.size() - 1 &&
                    name.ends_with(std::string_view(pattern).substr(1));
    if (wildcard) best = std::max(best, pattern.size() + 1);
  }
  return best;
}

}  // namespace

bool ListenerPlan::onMain() const {
  return !chains.empty() &&
         (chains[0].kind == Chain::Kind::kAdmin || chains[0].kind == Chain::Kind::kStatus);
}

const Chain* ListenerPlan::choose(const net::Address& peer, uint16_t localPort,
                                  std::string_view serverName,
                                  const std::vector<std::string>& protocols) const {
  const Chain* best = nullptr;
  size_t bestRank = 0;
  for (const Chain& chain : chains) {
    const ChainMatch& match = chain.match;
    if (match.destinationPort != 0 && match.destinationPort != localPort) continue;
    size_t name = nameRank(match.serverNames, serverName);
    if (name == 0) continue;
    auto offered = [&](const std::string& wanted) {
      return std::find(protocols.begin(), protocols.end(), wanted) != protocols.end();
    };
    if (!match.protocols.empty() &&
        std::none_of(match.protocols.begin(), match.protocols.end(), offered)) {
      continue;
    }
    auto within = [&](const net::AddressRange& range) { return range.contains(peer); };
    if (!match.sources.empty() &&
        std::none_of(match.sources.begin(), match.sources.end(), within)) {
      continue;
    }
    size_t rank = name * 8 + (match.protocols.empty() ? 0 : 4) + (match.sources.empty() ? 0 : 2) +
                  (match.destinationPort == 0 ? 0 : 1);
    if (rank > bestRank) {
      bestRank = rank;
      best = &chain;
    }
  }
  return best;
}

int ListenerPlan::policyFor(const net::Address& peer, uint16_t localPort,
                            std::string_view serverName, std::string_view protocol,
                            int otherwise) const {
  const Chain* chain = choose(peer, localPort, serverName, {std::string(protocol)});
  return chain == nullptr ? otherwise : chain->clientPolicy;
}

Result<node::v1::Node> builtinNode(const Settings& settings) {
  node::v1::Node node;
  struct Part {
    const char *setting, *name, *terminal;
  };
  for (const Part& part :
       {Part{"proxy_listen", "proxy", "router"}, Part{"admin_listen", "admin", "admin-api"},
        Part{"status_listen", "status", "status"}}) {
    Status added = addListeners(node, settings, part.setting, part.name, part.terminal);
    if (!added) return added.error();
  }
  return node;
}

Result<ListenerPlans> compileNode(const node::v1::Node& node, const std::string& source,
                                  const Settings& settings, const DefaultCertificates& certificates,
                                  const http::FilterContext& context) {
  ListenerPlans out;
  Compiler compiler(settings, certificates, context);
  for (int i = 0; i < node.listeners_size(); ++i) {
    auto plan =
        compiler.listener(node.listeners(i), source + ": listeners[" + std::to_string(i) + "]");
    if (!plan) return plan.error();
    out.push_back(std::make_shared<ListenerPlan>(std::move(plan).value()));
  }
  return out;
}

Result<ListenerPlan> compileListener(const node::v1::Listener& listener, const Settings& settings,
                                     const DefaultCertificates& certificates,
                                     const http::FilterContext& context) {
  auto plan = Compiler(settings, certificates, context, false).listener(listener, "");
  if (plan) return plan;
  const std::string& place = plan.error().place;
  return Error::invalid(plan.error().message, place.substr(place.starts_with('.') ? 1 : 0));
}

}  // namespace tollgate::server
