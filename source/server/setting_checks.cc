#include "source/server/setting_checks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include "source/schema/plugin_names.h"
#include "source/server/dns_options.h"

namespace tollgate::server {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// An entry of `headers` as Kong writes it, in lower case.
std::string headerEntry(const std::string& text) {
  std::string out = lower(text);
  const bool tokens = out == "server-tokens" || out == "latency-tokens";
  if (tokens || out.starts_with("x_")) {
    std::replace(out.begin(), out.end(), tokens ? '-' : '_', tokens ? '_' : '-');
  }
  return out;
}

template <size_t kCount>
bool holds(const std::array<std::string_view, kCount>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

constexpr std::array<std::string_view, 4> kHeaders = {
    "server_tokens", "latency_tokens", "x-kong-request-id", "x-kong-upstream-status"};
/// What Kong can choose one by one beyond those.
constexpr std::array<std::string_view, 6> kSingleHeaders = {"via",
                                                            "server",
                                                            "x-kong-proxy-latency",
                                                            "x-kong-upstream-latency",
                                                            "x-kong-response-latency",
                                                            "x-kong-admin-latency"};

Status checkHeaders(const Settings& settings) {
  for (const std::string& item : settings.list("headers")) {
    const std::string name = headerEntry(item);
    if (name == "off" || holds(kHeaders, name) || holds(kSingleHeaders, name)) continue;
    return Error::invalid("headers: invalid entry '" + item +
                          "' (off, server_tokens, latency_tokens, x-kong-request-id, "
                          "x-kong-upstream-status)");
  }
  for (const std::string& item : settings.list("headers_upstream")) {
    const std::string name = headerEntry(item);
    if (name == "off" || name == "x-kong-request-id") continue;
    return Error::invalid("headers_upstream: invalid entry '" + item +
                          "' (off, x-kong-request-id)");
  }
  return {};
}

Status checkNames(const Settings& settings) {
  auto resolver = resolverSettings(settings);
  return resolver ? Status() : Status(resolver.error());
}

constexpr std::array<std::string_view, 2> kVersions = {"TLSv1.2", "TLSv1.3"};
constexpr std::array<std::string_view, 4> kOldVersions = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"};

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

Status checkVersions(const Settings& settings) {
  bool usable = false;
  for (const std::string& word : words(settings.text("ssl_protocols"))) {
    usable = usable || holds(kVersions, word);
    if (holds(kVersions, word) || holds(kOldVersions, word)) continue;
    return Error::invalid("ssl_protocols: invalid entry '" + word +
                          "' (TLSv1.2 and TLSv1.3, with a space between)");
  }
  if (usable) return {};
  return Error::invalid("ssl_protocols: none of '" + settings.text("ssl_protocols") +
                        "' can be had (TLSv1.2, TLSv1.3)");
}

Status checkDirectives(const Settings& settings) {
  const std::string recursive = settings.directive("nginx_proxy_real_ip_recursive", "off");
  if (recursive == "on" || recursive == "off") return {};
  return Error::invalid("nginx_proxy_real_ip_recursive is not a boolean: '" + recursive +
                        "' (on, off)");
}

/// Settings that do nothing because another one is as it is.
std::vector<std::string> idleSettings(const Settings& settings) {
  std::vector<std::string> out;
  const std::string& database = settings.text("database");
  for (const char* name : {"declarative_config", "declarative_config_string"}) {
    if (database != "off" && !settings.text(name).empty()) {
      out.push_back(std::string(name) + " has no effect unless database = off; take a file up " +
                    "with `tollgate config import`");
    }
  }
  if (database != "postgres" && settings.text("pg_host") != "127.0.0.1") {
    out.push_back("pg_host has no effect: database is '" + database +
                  "', and only with database = postgres is one used");
  }
  const bool tls = settings.flag("pg_ssl");
  for (const char* name : {"pg_ssl_required", "pg_ssl_verify"}) {
    if (database == "postgres" && !tls && settings.flag(name)) {
      out.push_back(std::string(name) + " has no effect unless pg_ssl = on");
    }
  }
  if (settings.text("ssl_cipher_suite") != "custom" && !settings.text("ssl_ciphers").empty()) {
    out.push_back("ssl_ciphers has no effect unless ssl_cipher_suite = custom");
  }
  if (!settings.flag("client_ssl") && !settings.text("client_ssl_cert").empty()) {
    out.push_back("client_ssl_cert has no effect unless client_ssl = on");
  }
  if (settings.list("trusted_ips").empty() && settings.text("real_ip_header") != "X-Real-IP") {
    out.push_back("real_ip_header has no effect unless trusted_ips names who may send it");
  }
  return out;
}

std::vector<std::string> tlsDoubts(const Settings& settings) {
  std::vector<std::string> out;
  std::string old;
  for (const std::string& word : words(settings.text("ssl_protocols"))) {
    if (holds(kOldVersions, word)) old += (old.empty() ? "" : ", ") + word;
  }
  if (!old.empty()) {
    out.push_back("ssl_protocols: " + old + " cannot be had; clients need TLSv1.2 or TLSv1.3");
  }
  const std::string& suite = settings.text("ssl_cipher_suite");
  if (suite == "old") {
    out.push_back("ssl_cipher_suite = old is like intermediate: TLSv1 and TLSv1.1 cannot be had");
  }
  if (suite == "fips") {
    out.push_back("ssl_cipher_suite = fips is like intermediate: the TLS library is not certified");
  }
  if (settings.text("database") == "postgres" && settings.flag("pg_ssl") &&
      !settings.flag("pg_ssl_required") && !settings.flag("pg_ssl_verify")) {
    out.push_back(
        "pg_ssl = on alone uses TLS where the database offers it, so that somebody on the way can "
        "take it away and read everything; set pg_ssl_required = on, or pg_ssl_verify = on, which "
        "also checks whose the certificate is");
  }
  return out;
}

}  // namespace

Status checkSettings(const Settings& settings) {
  for (auto* check : {checkHeaders, checkNames, checkVersions, checkDirectives}) {
    if (Status checked = check(settings); !checked) return checked;
  }
  return {};
}

std::vector<std::string> doubtfulSettings(const Settings& settings) {
  std::vector<std::string> out = idleSettings(settings);
  for (std::string& doubt : tlsDoubts(settings)) out.push_back(std::move(doubt));
  for (const std::string& item : settings.list("headers")) {
    if (!holds(kSingleHeaders, headerEntry(item))) continue;
    out.push_back("headers: '" + item + "' has no effect, headers cannot be chosen one by one; " +
                  "server_tokens is Server and Via, latency_tokens are the latencies");
  }
  for (const std::string& name : settings.list("plugins")) {
    if (name == "bundled") continue;
    if (std::string why = schema::whyNoPlugin(name); !why.empty()) {
      out.push_back("plugins: '" + name + "' " + why);
    }
  }
  return out;
}

}  // namespace tollgate::server
