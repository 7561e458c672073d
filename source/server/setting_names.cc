#include "source/server/setting_names.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "source/server/settings.h"

namespace tollgate::server {
namespace {

constexpr size_t kMostNamed = 24;
constexpr size_t kLongestName = 64;

/// Beginnings of names that only Kong's commercial edition has.
constexpr std::string_view kEnterprise[] = {
    "admin_api_uri",
    "admin_approved_email",
    "admin_emails_",
    "admin_gui_auth",
    "admin_gui_flags",
    "admin_gui_footer_",
    "admin_gui_header_",
    "admin_gui_login_banner_",
    "admin_gui_session",
    "admin_invitation_expiry",
    "analytics_",
    "audit_log",
    "cluster_allowed_",
    "cluster_fallback_",
    "cluster_telemetry",
    "debug_",
    "declarative_config_encryption_mode",
    "enforce_rbac",
    "enforce_route_path_pattern",
    "event_hooks_",
    "feature_conf_path",
    "fips",
    "generate_trace_details",
    "keyring_",
    "konnect_mode",
    "license_",
    "password",
    "pg_iam_auth",
    "portal",
    "proxy_url",
    "rbac_",
    "route_validation_strategy",
    "smtp_",
    "tracing",
    "vault_aws_",
    "vault_azure_",
    "vault_conjur_",
    "vault_gcp_",
    "vault_hcv_",
    "vitals",
};

/// Beginnings of names that Kong no longer has.
constexpr std::string_view kFormer[] = {
    "async_rebuilds", "cassandra_", "client_max_body_size", "nginx_optimizations",
    "origins",        "ssl_proxy",  "upstream_keepalive",
};

template <size_t kCount>
bool startsWithOne(std::string_view name, const std::string_view (&beginnings)[kCount]) {
  return std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](std::string_view beginning) { return name.starts_with(beginning); });
}

/// Insertions, deletions and replacements that make one name of the other.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string nearest(std::string_view name) {
  std::string out;
  size_t best = 3;
  if (name.size() < 5 || name.size() > kLongestName) return out;
  for (const SettingSpec& spec : Settings::specs()) {
    if (size_t apart = distance(name, spec.name); apart < best) {
      best = apart;
      out = spec.name;
    }
  }
  return out;
}

/// A name in lower case, without the prefix of a variable.
std::string plainName(const std::string& written) {
  std::string out = written;
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (std::string_view prefix : {"kong_", "tollgate_"}) {
    if (written.starts_with(prefix == "kong_" ? "KONG_" : "TOLLGATE_")) out.erase(0, prefix.size());
  }
  return out;
}

/// Printable and short, whatever somebody put into the environment.
std::string shown(const std::string& name) {
  std::string out = name.substr(0, kLongestName);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  }
  return out + (name.size() > kLongestName ? "..." : "");
}

std::string remark(const std::string& written) {
  const std::string name = plainName(written);
  if (startsWithOne(name, kEnterprise)) return " (Kong Enterprise)";
  if (name.starts_with("pluginserver_")) return " (plugin servers are not supported yet)";
  if (startsWithOne(name, kFormer)) return " (Kong no longer has it)";
  const std::string meant = nearest(name);
  return meant.empty() ? "" : " (did you mean " + meant + "?)";
}

bool allDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// NAME_PORT_<number>_TCP, and what may follow that.
bool isServicePort(std::string_view name) {
  for (std::string_view end : {"_proto", "_port", "_addr"}) {
    if (name.ends_with(end)) name.remove_suffix(end.size());
  }
  if (!name.ends_with("_tcp") && !name.ends_with("_udp")) return false;
  name.remove_suffix(4);
  const size_t bar = name.rfind('_');
  if (bar == std::string_view::npos || !allDigits(name.substr(bar + 1))) return false;
  name = name.substr(0, bar);
  return name == "port" || name.ends_with("_port");
}

}  // namespace

bool isDirective(std::string_view name) {
  for (std::string_view space :
       {"nginx_main_", "nginx_events_", "nginx_http_", "nginx_proxy_", "nginx_location_",
        "nginx_upstream_", "nginx_admin_", "nginx_status_", "nginx_stream_", "nginx_sproxy_",
        "nginx_supstream_", "nginx_wasm_"}) {
    if (name.starts_with(space)) return true;
  }
  return false;
}

bool isKnownDirective(std::string_view name) {
  const auto& all = Settings::directives();
  return std::any_of(all.begin(), all.end(),
                     [&](const DirectiveSpec& spec) { return name == spec.name; });
}

bool isForeign(std::string_view name, std::string_view value) {
  for (std::string_view maker : {"version", "sha256", "asset", "build_date"}) {
    if (name == maker) return true;
  }
  if (name == "service_host" || name.ends_with("_service_host")) return true;
  if (name == "service_port" || name.find("service_port_") != std::string_view::npos ||
      name.ends_with("_service_port")) {
    return true;
  }
  const bool link = value.starts_with("tcp://") || value.starts_with("udp://");
  return isServicePort(name) || (link && (name == "port" || name.ends_with("_port")));
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  const size_t shownNames = std::min(names.size(), kMostNamed);
  for (size_t i = 0; i < shownNames; ++i) out += (i == 0 ? "" : ", ") + shown(names[i]);
  if (names.size() > shownNames) {
    out += " and " + std::to_string(names.size() - shownNames) + " more";
  }
  return out;
}

std::string unknownLine(const std::set<std::string>& names) {
  if (names.empty()) return "";
  std::string out = "settings that do not exist here have no effect: ";
  size_t written = 0;
  for (const std::string& name : names) {
    if (written == kMostNamed) {
      return out + " and " + std::to_string(names.size() - written) + " more";
    }
    out += (written++ == 0 ? "" : ", ") + shown(name) + remark(name);
  }
  return out;
}

}  // namespace tollgate::server
