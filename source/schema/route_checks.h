#pragma once

#include <nlohmann/json.hpp>

namespace tollgate::schema {

/// What depends on the protocol family before validation: grpc's strip_path, unknown protocols.
void prepareRoute(nlohmann::json& doc, nlohmann::json& errors);
/// Which fields a route of its protocols must and must not have.
void checkRoute(nlohmann::json& doc, nlohmann::json& errors);

}  // namespace tollgate::schema
