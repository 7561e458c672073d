#pragma once

namespace tollgate::server {

/// Lets the schemas check certificates and keys with the TLS library. Once, before any entity is
/// read.
void installPemChecker();

}  // namespace tollgate::server
