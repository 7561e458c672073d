#pragma once

#include <string>
#include <string_view>

namespace tollgate::schema {

/// Where a plugin of that name is to be found.
enum class PluginHome {
  kHere,        ///< This build can run it.
  kKong,        ///< Bundled with Kong, and not here yet.
  kEnterprise,  ///< Of Kong's commercial edition.
  kUnknown,     ///< Somebody's own, or misspelt.
};

PluginHome pluginHome(std::string_view name);

/// Why a plugin cannot be used, to follow its name: "is one of Kong's that is not here yet"; "" for
/// one that is here.
std::string whyNoPlugin(std::string_view name);

}  // namespace tollgate::schema
