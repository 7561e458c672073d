#pragma once

#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/server/settings.h"

namespace tollgate::server {

/// What the types of the settings do not say: entries of lists that do not exist, and the like.
Status checkSettings(const Settings& settings);

/// Settings that cannot be honoured as they stand, a line each, with what is so in their place.
std::vector<std::string> doubtfulSettings(const Settings& settings);

}  // namespace tollgate::server
