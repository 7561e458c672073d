#include "source/server/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <fstream>

extern char** environ;

namespace tollgate::server {
namespace {

using Type = SettingSpec::Type;
using Support = SettingSpec::Support;

std::string trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return std::string(text);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool isNumber(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && std::isfinite(value);
}

const SettingSpec* find(std::string_view name) {
  for (const SettingSpec& spec : Settings::specs()) {
    if (name == spec.name) return &spec;
  }
  return nullptr;
}

/// The nginx directives that have an equivalent here.
bool knownDirective(std::string_view name) {
  static const char* const kKnown[] = {
      "nginx_http_client_max_body_size",   "nginx_proxy_client_max_body_size",
      "nginx_admin_client_max_body_size",  "nginx_http_keepalive_requests",
      "nginx_proxy_keepalive_requests",    "nginx_main_worker_processes",
      "nginx_proxy_real_ip_header",        "nginx_proxy_real_ip_recursive",
      "nginx_http_client_body_buffer_size"};
  return std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
}

bool isDirective(std::string_view name) {
  for (std::string_view space : {"main_", "events_", "http_", "proxy_", "location_", "upstream_",
                                 "admin_", "status_", "stream_", "sproxy_", "supstream_"}) {
    if (name.starts_with(std::string("nginx_") + std::string(space))) return true;
  }
  return false;
}

/// A line's value up to a comment; "\#" stands for a literal number sign.
std::string withoutComment(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '#') {
      out += text[++i];
    } else if (text[i] == '#') {
      break;
    } else {
      out += text[i];
    }
  }
  return trimmed(out);
}

}  // namespace

const std::vector<SettingSpec>& Settings::specs() {
  static const std::vector<SettingSpec> kSpecs = {
      {"prefix", ""},
      {"log_level", "notice", Type::kEnum, Support::kYes,
       "debug, info, notice, warn, error, crit, alert, emerg"},
      {"proxy_access_log", "/dev/stdout"},
      {"proxy_error_log", "/dev/stderr"},
      {"admin_access_log", "off"},
      {"admin_error_log", "/dev/stderr", Type::kText, Support::kNotYet},
      {"status_access_log", "off", Type::kText, Support::kNotYet},
      {"status_error_log", "logs/status_error.log", Type::kText, Support::kNotYet},
      {"proxy_stream_access_log", "logs/access.log basic", Type::kText, Support::kNotYet},
      {"proxy_stream_error_log", "logs/error.log", Type::kText, Support::kNotYet},
      {"access_log_format", "combined", Type::kEnum, Support::kYes, "combined, json"},
      {"node_file", ""},
      {"proxy_listen",
       "0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 http2 ssl reuseport backlog=16384"},
      {"admin_listen",
       "127.0.0.1:8001 reuseport backlog=16384, 127.0.0.1:8444 http2 ssl reuseport backlog=16384"},
      {"admin_tokens_file", ""},
      {"admin_tokens", "", Type::kText, Support::kYes, "", true},
      {"admin_ssl_client_ca", ""},
      {"admin_allow_unauthenticated", "off", Type::kFlag},
      {"status_listen", "127.0.0.1:8007 reuseport backlog=16384"},
      {"stream_listen", "off", Type::kText, Support::kNotYet},
      {"admin_gui_listen", "off", Type::kText, Support::kNotYet},
      {"admin_gui_url", "", Type::kList},
      {"admin_gui_path", "/", Type::kText, Support::kNoEffect},
      {"admin_gui_api_url", "", Type::kText, Support::kNoEffect},
      {"port_maps", "", Type::kList, Support::kNotYet},
      {"nginx_worker_processes", "auto"},
      {"nginx_daemon", "on", Type::kFlag},
      {"plugins", "bundled", Type::kList},
      {"anonymous_reports", "off", Type::kFlag, Support::kNoEffect},
      {"database", "embedded", Type::kEnum, Support::kYes, "embedded, postgres, off"},
      {"pg_host", "127.0.0.1"},
      {"pg_port", "5432", Type::kNumber},
      {"pg_user", "kong"},
      {"pg_password", "", Type::kText, Support::kYes, "", true},
      {"pg_database", "kong"},
      {"pg_schema", ""},
      {"pg_timeout", "5000", Type::kNumber},
      {"pg_start_wait", "250", Type::kNumber},
      {"pg_ssl", "off", Type::kFlag},
      {"pg_ssl_verify", "off", Type::kFlag},
      {"pg_ssl_required", "off", Type::kFlag},
      {"pg_max_concurrent_queries", "0", Type::kNumber, Support::kNoEffect},
      {"pg_semaphore_timeout", "60000", Type::kNumber, Support::kNoEffect},
      {"pg_keepalive_timeout", "", Type::kText, Support::kNoEffect},
      {"pg_pool_size", "", Type::kText, Support::kNoEffect},
      {"pg_backlog", "", Type::kText, Support::kNoEffect},
      {"pg_ro_host", "", Type::kText, Support::kNotYet},
      {"declarative_config", ""},
      {"declarative_config_string", "", Type::kText, Support::kYes, "", true},
      {"db_update_frequency", "5", Type::kNumber},
      {"db_update_propagation", "0", Type::kNumber, Support::kNoEffect},
      {"db_cache_ttl", "0", Type::kNumber, Support::kNoEffect},
      {"db_cache_neg_ttl", "", Type::kText, Support::kNoEffect},
      {"db_resurrect_ttl", "30", Type::kNumber, Support::kNoEffect},
      {"db_cache_warmup_entities", "services", Type::kList, Support::kNoEffect},
      {"mem_cache_size", "128m", Type::kText, Support::kNoEffect},
      {"lmdb_environment_path", "dbless.lmdb", Type::kText, Support::kNoEffect},
      {"lmdb_map_size", "2048m", Type::kText, Support::kNoEffect},
      {"worker_consistency", "eventual", Type::kEnum, Support::kNoEffect, "strict, eventual"},
      {"worker_state_update_frequency", "5", Type::kNumber, Support::kNoEffect},
      {"router_flavor", "traditional_compatible", Type::kEnum, Support::kNotYet,
       "traditional, traditional_compatible, expressions"},
      {"ssl_cert", "", Type::kList},
      {"ssl_cert_key", "", Type::kList, Support::kYes, "", true},
      {"admin_ssl_cert", "", Type::kList},
      {"admin_ssl_cert_key", "", Type::kList, Support::kYes, "", true},
      {"status_ssl_cert", "", Type::kList, Support::kNotYet},
      {"status_ssl_cert_key", "", Type::kList, Support::kNotYet, "", true},
      {"client_ssl", "off", Type::kFlag},
      {"client_ssl_cert", ""},
      {"client_ssl_cert_key", "", Type::kText, Support::kYes, "", true},
      {"ssl_cipher_suite", "intermediate", Type::kEnum, Support::kYes,
       "modern, intermediate, old, fips, custom"},
      {"ssl_ciphers", ""},
      {"ssl_protocols", "TLSv1.2 TLSv1.3"},
      {"ssl_prefer_server_ciphers", "on", Type::kFlag, Support::kNoEffect},
      {"ssl_dhparam", "", Type::kText, Support::kNotYet},
      {"ssl_session_tickets", "on", Type::kFlag},
      {"ssl_session_timeout", "1d", Type::kText, Support::kNotYet},
      {"ssl_session_cache_size", "10m", Type::kText, Support::kNoEffect},
      {"headers", "server_tokens, latency_tokens, x-kong-request-id", Type::kList},
      {"headers_upstream", "x-kong-request-id", Type::kList},
      {"trusted_ips", "", Type::kList},
      {"real_ip_header", "X-Real-IP"},
      {"real_ip_recursive", "off", Type::kFlag},
      {"error_default_type", "text/plain", Type::kEnum, Support::kYes,
       "text/plain, text/html, application/json, application/xml"},
      {"error_template_html", "", Type::kText, Support::kNotYet},
      {"error_template_json", "", Type::kText, Support::kNotYet},
      {"error_template_xml", "", Type::kText, Support::kNotYet},
      {"error_template_plain", "", Type::kText, Support::kNotYet},
      {"upstream_keepalive_pool_size", "512", Type::kNumber},
      {"upstream_keepalive_max_requests", "10000", Type::kNumber},
      {"upstream_keepalive_idle_timeout", "60", Type::kNumber},
      {"allow_debug_header", "off", Type::kFlag},
      {"dns_resolver", "", Type::kList},
      {"dns_hostsfile", "/etc/hosts", Type::kText, Support::kNotYet},
      {"dns_order", "LAST,SRV,A,CNAME", Type::kList, Support::kNotYet},
      {"dns_valid_ttl", "", Type::kText, Support::kNotYet},
      {"dns_stale_ttl", "3600", Type::kNumber},
      {"dns_cache_size", "10000", Type::kNumber},
      {"dns_not_found_ttl", "30", Type::kNumber},
      {"dns_error_ttl", "1", Type::kNumber},
      {"dns_no_sync", "off", Type::kFlag, Support::kNoEffect},
      {"lua_ssl_trusted_certificate", "system", Type::kList},
      {"lua_ssl_verify_depth", "1", Type::kNumber},
      {"lua_ssl_protocols", "TLSv1.2 TLSv1.3", Type::kText, Support::kNotYet},
      {"lua_max_req_headers", "100", Type::kNumber, Support::kNotYet},
      {"lua_max_resp_headers", "100", Type::kNumber, Support::kNotYet},
      {"lua_max_uri_args", "100", Type::kNumber, Support::kNotYet},
      {"lua_max_post_args", "100", Type::kNumber, Support::kNotYet},
      {"role", "traditional", Type::kEnum, Support::kNotYet,
       "traditional, control_plane, data_plane"},
      {"tracing_instrumentations", "off", Type::kList, Support::kNotYet},
      {"tracing_sampling_rate", "0.01", Type::kNumber, Support::kNotYet},
      {"vaults", "bundled", Type::kList, Support::kNotYet},
      {"untrusted_lua", "sandbox", Type::kText, Support::kNoEffect},
      {"node_id", ""},
      {"node_heartbeat", "5", Type::kNumber},
      {"node_live_timeout", "20", Type::kNumber},
      {"node_forget_after", "86400", Type::kNumber},
      {"history_revisions", "10000", Type::kNumber},
      {"history_days", "0", Type::kNumber},
      {"admin_wait_timeout", "30", Type::kNumber},
      {"admin_wait_limit", "256", Type::kNumber},
      {"request_debug", "off", Type::kFlag, Support::kNotYet},
      {"request_debug_token", "", Type::kText, Support::kNotYet, "", true},
      {"credential_storage", "protected", Type::kEnum, Support::kYes, "protected, plain"},
      {"credential_secret", "", Type::kText, Support::kYes, "", true},
      {"credential_secret_file", ""},
      {"credential_password_cost", "14", Type::kNumber},
      {"drain_timeout", "30", Type::kNumber},
      {"rate_limit_cells", "262144", Type::kNumber},
      {"header_timeout", "60", Type::kNumber},
      {"keepalive_timeout", "75", Type::kNumber},
      {"ssl_handshake_timeout", "60", Type::kNumber},
      {"send_timeout", "60", Type::kNumber},
      {"lingering_time", "30", Type::kNumber},
      {"lingering_timeout", "5", Type::kNumber},
      {"lingering_bytes", "16m"},
      {"client_body_timeout", "60", Type::kNumber},
      {"client_body_min_rate", "100", Type::kNumber},
      {"send_min_rate", "100", Type::kNumber},
      {"half_closed_clients", "off", Type::kFlag},
      {"http2_max_concurrent_streams", "128", Type::kNumber},
      {"http2_held_bytes", "1m"},
  };
  return kSpecs;
}

Settings::Environment Settings::processEnvironment() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (!text.starts_with("KONG_") && !text.starts_with("TOLLGATE_") &&
        !text.starts_with("HOME=")) {
      continue;
    }
    out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Status Settings::readFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Error::invalid("no file at: " + path);
  file_ = path;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    std::string text = trimmed(line);
    if (text.empty() || text.front() == '#') continue;
    size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return Error::invalid("expected `name = value`", path + ":" + std::to_string(number));
    }
    std::string name = lower(trimmed(std::string_view(text).substr(0, equals)));
    std::string value = withoutComment(std::string_view(text).substr(equals + 1));
    if (isDirective(name) && find(name) == nullptr) {
      directives_[name] = value;
    } else if (!value.empty() && find(name) != nullptr) {
      values_[name] = value;
    }
  }
  return {};
}

Result<Settings> Settings::load(const std::string& file, const Environment& environment,
                                const std::map<std::string, std::string>& overrides) {
  Settings settings;
  for (const SettingSpec& spec : specs()) settings.values_[spec.name] = spec.fallback;
  std::string path = file;
  for (const char* usual : {"/etc/kong/kong.conf", "/etc/kong.conf"}) {
    if (path.empty() && ::access(usual, R_OK) == 0) path = usual;
  }
  if (!path.empty()) {
    if (Status read = settings.readFile(path); !read) return read.error();
  }
  for (std::string_view prefix : {"KONG_", "TOLLGATE_"}) {
    for (const auto& [name, value] : environment) {
      if (!name.starts_with(prefix)) continue;
      std::string key = lower(name.substr(prefix.size()));
      if (find(key) != nullptr) {
        settings.values_[key] = trimmed(value);
      } else if (isDirective(key)) {
        settings.directives_[key] = trimmed(value);
      }
    }
  }
  for (const auto& [name, value] : overrides) settings.values_[name] = value;
  if (settings.values_["prefix"].empty()) {
    auto home = environment.find("HOME");
    bool known = home != environment.end() && !home->second.empty();
    settings.values_["prefix"] = known ? home->second + "/.tollgate" : "/var/lib/tollgate";
  }
  if (Status checked = settings.check(); !checked) return checked.error();
  settings.warn();
  return settings;
}

Status Settings::check() {
  for (const SettingSpec& spec : specs()) {
    const std::string& value = values_[spec.name];
    auto bad = [&](const char* type) {
      return Error::invalid(std::string(spec.name) + " is not a " + type + ": '" + value + "'");
    };
    if (spec.type == Type::kNumber && !value.empty() && !isNumber(value)) return bad("number");
    if (spec.type != Type::kEnum) continue;
    std::string choices = ", " + std::string(spec.choices) + ", ";
    if (value.empty() || choices.find(", " + value + ", ") == std::string::npos) {
      return Error::invalid(std::string(spec.name) + " has an invalid value: '" + value + "' (" +
                            spec.choices + ")");
    }
  }
  return {};
}

void Settings::warn() {
  for (const SettingSpec& spec : specs()) {
    if (spec.support != Support::kNotYet || values_[spec.name] == spec.fallback) continue;
    if (values_[spec.name] == "off" || values_[spec.name].empty()) continue;
    warnings_.push_back(std::string(spec.name) + " is not supported yet and has no effect");
  }
  for (const char* name : {"declarative_config", "declarative_config_string"}) {
    if (values_["database"] != "off" && !values_[name].empty()) {
      warnings_.push_back(std::string(name) +
                          " has no effect unless database = off; take a file up " +
                          "with `tollgate config import`");
    }
  }
  for (const auto& [name, value] : directives_) {
    if (!knownDirective(name)) {
      warnings_.push_back(name + ": directives of nginx have no effect here");
    }
  }
}

const std::string& Settings::text(std::string_view name) const {
  auto found = values_.find(name);
  if (found == values_.end()) std::abort();  // a name that specs() does not list
  return found->second;
}

bool Settings::flag(std::string_view name) const {
  const std::string value = lower(text(name));
  return value == "on" || value == "true";
}

double Settings::number(std::string_view name) const {
  return std::strtod(text(name).c_str(), nullptr);
}

std::vector<std::string> Settings::list(std::string_view name) const {
  std::vector<std::string> out;
  std::string_view rest = text(name);
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string item = trimmed(rest.substr(0, comma));
    if (!item.empty()) out.push_back(std::move(item));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  if (!out.empty() && out.front() == "off") out.clear();
  return out;
}

std::string Settings::directive(std::string_view name, std::string_view fallback) const {
  auto found = directives_.find(name);
  return found == directives_.end() ? std::string(fallback) : found->second;
}

Result<uint64_t> parseBytes(std::string_view text) {
  std::string copy(text);
  char* end = nullptr;
  uint64_t value = std::strtoull(copy.c_str(), &end, 10);
  if (copy.empty() || end == copy.c_str() || copy.front() == '-') {
    return Error::invalid("is not a size: '" + copy + "' (such as 10m, 64k or 0)");
  }
  std::string unit = lower(end);
  uint64_t scale = unit.empty()  ? 1
                   : unit == "k" ? 1024
                   : unit == "m" ? 1 << 20
                   : unit == "g" ? 1 << 30
                                 : 0;
  if (scale == 0 || value > (uint64_t{1} << 40)) {
    return Error::invalid("is not a size: '" + copy + "' (such as 10m, 64k or 0)");
  }
  return value * scale;
}

}  // namespace tollgate::server
