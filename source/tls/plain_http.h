#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace tollgate::tls {

/// Whether the first bytes of a connection are a request in clear text where a ClientHello should
/// be: a method, or the beginning of one. No record of TLS begins with a letter.
bool looksLikeHttp(std::string_view bytes);

/// A whole HTTP/1.1 response to such a request: 400, as nginx has it.
std::string answerToPlainHttp(std::string_view request, std::time_t now);

}  // namespace tollgate::tls
