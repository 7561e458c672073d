#pragma once

#include <nlohmann/json.hpp>

namespace tollgate::schema {

/// A JSON web key can be read and has the id of its entity; keys in PEM can be read.
void checkKey(nlohmann::json& doc, nlohmann::json& errors);

}  // namespace tollgate::schema
