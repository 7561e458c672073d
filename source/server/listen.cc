#include "source/server/listen.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

#include "source/base/host_port.h"

namespace tollgate::server {
namespace {

bool parseNumber(std::string_view text, int max, int& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0 && out <= max;
}

bool parseFlag(std::string_view flag, ListenEntry& entry) {
  if (flag == "ssl") return entry.ssl = true;
  if (flag == "http2") return entry.http2 = true;
  if (flag == "proxy_protocol") return entry.proxyProtocol = true;
  if (flag.starts_with("backlog=")) return parseNumber(flag.substr(8), 1 << 20, entry.backlog);
  // Every worker has its own socket and every socket its own options: nothing to choose here.
  return flag == "reuseport" || flag == "deferred" || flag == "bind" ||
         flag.starts_with("ipv6only=") || flag.starts_with("so_keepalive=");
}

/// What a host may consist of, an address with its zone as well.
bool isHostText(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
  });
}

bool parseAddress(std::string_view text, ListenEntry& entry) {
  const HostPort split = HostPort::split(text);
  if (split.port.empty() || !isHostText(split.bareHost())) return false;
  entry.host = split.bareHost();
  entry.port = split.number();
  return true;
}

}  // namespace

Result<std::vector<ListenEntry>> parseListen(std::string_view setting, std::string_view value) {
  std::vector<ListenEntry> out;
  std::istringstream entries{std::string(value)};
  for (std::string text; std::getline(entries, text, ',');) {
    std::istringstream words(text);
    std::string word;
    if (!(words >> word)) continue;
    if (word == "off") {
      if (out.empty()) return out;
      continue;
    }
    ListenEntry entry;
    bool good = parseAddress(word, entry);
    while (good && words >> word) good = parseFlag(word, entry);
    if (!good) {
      return Error::invalid(std::string(setting) +
                            " must be of form: [off] | <ip>:<port> [ssl] [http2] [proxy_protocol] "
                            "[deferred] [bind] [reuseport] [backlog=%d+] [ipv6only=on] "
                            "[so_keepalive=on], [... next entry ...] (at '" +
                            text + "')");
    }
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace tollgate::server
