#pragma once

#include <string_view>

#include "source/http/header_map.h"

/// What of a message concerns one hop only, and what only the gateway may tell an origin: taken out
/// of what came from outside before a filter sees it, so that what filters and the gateway add
/// always arrives.
namespace tollgate::proxy {

/// Whether an element of Connection is `token`, in any case.
bool connectionNames(const http::HeaderMap& headers, std::string_view token);

/// Removes the fields of the hop that the message came by (RFC 9110 section 7.6.1) and those that
/// its Connection names, but for those that every recipient needs: the framing of the message, its
/// host, and who is asking.
void removeHopByHop(http::HeaderMap& headers, bool keepUpgrade);

/// Removes fields that origins which take "_" for "-" in names (CGI, WSGI) would read as a field by
/// which the gateway tells who is asking.
void removeAliases(http::HeaderMap& headers);

/// Removes trailers that would change what the head has said of who is asking, what for, and how
/// the message is to be read (RFC 9110 section 6.5.1).
void removeUnfitTrailers(http::HeaderMap& trailers);

}  // namespace tollgate::proxy
