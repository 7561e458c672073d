#pragma once

#include "source/base/json.h"

namespace tollgate::schema {

/// Each private key belongs to its certificate, and a second pair is of another type. What a vault
/// holds cannot be checked when it is written.
void checkCertificatePairs(Json& doc, Json& errors);

/// One certificate of an authority that has not expired; sets its digest.
void checkAuthority(Json& doc, Json& errors);

}  // namespace tollgate::schema
