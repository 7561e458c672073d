#include <algorithm>
#include <string>

#include "source/server/settings.h"

namespace tollgate::server {
namespace {

constexpr const char* kHead =
    "# Settings\n\n"
    "Each is `name = value` in a file (`-c FILE`, or `/etc/kong/kong.conf`), or a variable "
    "`KONG_NAME` or\n"
    "`TOLLGATE_NAME`, which beats it. `KONG_NAME_FILE` names a file that holds the value. Flags "
    "are `on` or\n"
    "`off`, lists have commas. An empty variable is the default, or an empty list. The names are "
    "Kong's where\n"
    "Kong has such a setting. A value that cannot be is refused at the start; what is set in vain "
    "is told there.\n\n"
    "| | |\n| --- | --- |\n"
    "| yes | does what is said |\n"
    "| not needed | Kong has it; nothing here needs it, and it may be set to anything |\n"
    "| not yet | Kong has it; setting it warns, and has no effect |\n"
    "| no | the same, and it is not planned |\n\n"
    "This page is what `tollgate settings` prints.\n";

const char* word(SettingSpec::Support support) {
  switch (support) {
    case SettingSpec::Support::kYes:
      return "yes";
    case SettingSpec::Support::kNoEffect:
      return "not needed";
    case SettingSpec::Support::kNotYet:
      return "not yet";
    case SettingSpec::Support::kNever:
      break;
  }
  return "no";
}

std::string row(const SettingSpec& spec) {
  std::string out = "| `" + std::string(spec.name) + "` | ";
  if (*spec.fallback != '\0') out += "`" + std::string(spec.fallback) + "`";
  out += " | " + std::string(word(spec.support)) + " | " + spec.about;
  if (std::string choices = spec.choices; !choices.empty()) out += " (" + choices + ")";
  return out + " |\n";
}

}  // namespace

std::string Settings::page() {
  std::string out = kHead;
  for (const SettingGroup& group : groups()) {
    out += "\n## " + std::string(group.title) +
           "\n\n| setting | default | here | what it does, or what is so in its place |\n"
           "| --- | --- | --- | --- |\n";
    for (const SettingSpec& spec : group.settings) out += row(spec);
  }
  out +=
      "\n## Directives of nginx\n\n"
      "`nginx_<block>_<directive>` passes any directive to Kong's nginx. These mean something "
      "here, or are not\n"
      "needed; others warn.\n\n| directive | here | |\n| --- | --- | --- |\n";
  for (const DirectiveSpec& spec : directives()) {
    out += "| `" + std::string(spec.name) + "` | " + (spec.honoured ? "yes" : "not needed") +
           " | " + spec.about + " |\n";
  }
  return out;
}

}  // namespace tollgate::server
