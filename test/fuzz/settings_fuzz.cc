// A file of settings and variables: refused with a cause, or settings that are what their types
// say. Behind a line "--" stand variables, NAME=value.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/server/dns_options.h"
#include "source/server/proxy_options.h"
#include "source/server/settings.h"

namespace {

using tollgate::server::Settings;
using tollgate::server::SettingSpec;

Settings::Environment variables(std::string_view text) {
  Settings::Environment out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t equals = line.find('=');
    // Files are none of this driver's: a device would never end.
    const bool file = equals != line.npos && line.substr(0, equals).ends_with("_FILE");
    if (equals != line.npos && !file) out.emplace(line.substr(0, equals), line.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void check(const Settings& settings, const SettingSpec& spec) {
  const std::string& text = settings.text(spec.name);
  switch (spec.type) {
    case SettingSpec::Type::kFlag:
      if (text != "on" && text != "off") std::abort();
      return;
    case SettingSpec::Type::kNumber:
      if (!std::isfinite(settings.number(spec.name)) || settings.number(spec.name) < 0) {
        std::abort();
      }
      return;
    case SettingSpec::Type::kEnum:
      if (std::string(spec.choices).find(text) == std::string::npos) std::abort();
      return;
    case SettingSpec::Type::kList:
      for (const std::string& item : settings.list(spec.name)) {
        if (item.empty() || item.find(',') != item.npos) std::abort();
      }
      return;
    case SettingSpec::Type::kText:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Settings::Environment environment;
  if (const size_t mark = text.find("\n--\n"); mark != text.npos) {
    environment = variables(text.substr(mark + 4));
    text = text.substr(0, mark);
  }
  auto loaded = Settings::parse(text, "fuzz.conf", environment, {});
  if (!loaded) {
    if (loaded.error().text().empty()) std::abort();
    return 0;
  }
  for (const SettingSpec& spec : Settings::specs()) check(*loaded, spec);
  for (const std::string& warning : loaded->warnings()) {
    if (warning.empty()) std::abort();
  }
  (void)tollgate::server::proxySettings(*loaded);
  (void)tollgate::server::poolSettings(*loaded);
  (void)tollgate::server::resolverSettings(*loaded);
  (void)tollgate::server::workerCount(*loaded);
  return 0;
}
