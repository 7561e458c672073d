#pragma once

#include <nlohmann/json.hpp>

namespace tollgate::schema {

/// Each private key belongs to its certificate, and a second pair is of another type. What a vault
/// holds cannot be checked when it is written.
void checkCertificatePairs(nlohmann::json& doc, nlohmann::json& errors);

/// One certificate of an authority that has not expired; sets its digest.
void checkAuthority(nlohmann::json& doc, nlohmann::json& errors);

}  // namespace tollgate::schema
