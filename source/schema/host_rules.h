#pragma once

#include <optional>
#include <string>

/// The rules of values that name a host. Pure functions; any thread. Those that check answer "" or
/// the text of the error.
namespace tollgate::schema {

/// A host without a port.
std::string checkHost(const std::string& value);
/// A host with or without a port.
std::string checkHostPort(const std::string& value);
/// As above, or with a wildcard as its leftmost or rightmost label.
std::string checkRouteHost(const std::string& value);
/// A name with at most one wildcard, at either end.
std::string checkWildcardHost(const std::string& value);
/// A host name, not an address.
std::string checkUpstreamName(const std::string& value);
/// A URL with a scheme and a host.
std::string checkUrl(const std::string& value);
/// An address, or a range of addresses.
std::string checkCidr(const std::string& value);

/// host:port as it is stored: the port 8000 where there is none, an IPv6 address in brackets and in
/// full. Nothing where `value` is neither.
std::optional<std::string> normalizeTarget(const std::string& value);

}  // namespace tollgate::schema
