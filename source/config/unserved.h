#pragma once

#include <string>
#include <string_view>

#include "source/schema/entity_schema.h"

/// What entities ask for that this program takes but does not do yet. Pure functions; any thread.
namespace tollgate::config {

/// Of the protocol of a service or a route; "" where it is served.
std::string unservedProtocol(std::string_view protocol);
/// Of a whole document of any kind; "" where all of it is served.
std::string unserved(std::string_view kind, const Json& doc);

}  // namespace tollgate::config
