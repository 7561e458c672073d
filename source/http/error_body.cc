#include "source/http/error_body.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "source/base/trim.h"
#include "source/http/header_map.h"

namespace tollgate::http {
namespace {

enum class Form { kJson, kHtml, kXml, kPlain, kGrpc };

Form formOf(std::string_view type) {
  // Exact names, as the reference compares them.
  if (type == "text/html") return Form::kHtml;
  if (type == "application/xml") return Form::kXml;
  if (type == "application/grpc") return Form::kGrpc;
  if (type == "text/plain" || type == "text/*") return Form::kPlain;
  return Form::kJson;
}

/// The q parameter of a media range in thousandths; 1000 where there is none or it is malformed.
int qualityOf(std::string_view parameters) {
  while (!parameters.empty()) {
    size_t end = parameters.find(';');
    std::string_view one = trimmed(parameters.substr(0, end));
    parameters = end == std::string_view::npos ? "" : parameters.substr(end + 1);
    if (one.size() < 3 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    if (one[2] == '1') return 1000;
    if (one[2] != '0') return 1000;
    int quality = 0, digits = 0;
    for (size_t i = 4; i < one.size() && digits < 3; ++i, ++digits) {
      if (one[i] < '0' || one[i] > '9') return 1000;
      quality = quality * 10 + (one[i] - '0');
    }
    for (; digits < 3; ++digits) quality *= 10;
    return quality;
  }
  return 1000;
}

Form negotiate(std::string_view accept) {
  Form best = Form::kJson;
  int bestQuality = 0;  // what has none is not wanted
  while (!accept.empty()) {
    size_t end = accept.find(',');
    std::string_view range = trimmed(accept.substr(0, end));
    accept = end == std::string_view::npos ? "" : accept.substr(end + 1);
    if (range.empty()) continue;
    size_t semicolon = range.find(';');
    int quality =
        semicolon == std::string_view::npos ? 1000 : qualityOf(range.substr(semicolon + 1));
    if (quality > bestQuality) {
      bestQuality = quality;
      best = formOf(trimmed(range.substr(0, semicolon)));
    }
  }
  return best;
}

/// What stands for a byte within the text of a form; "" for the byte itself.
using Stand = std::string_view (*)(char c, char (&room)[6]);

std::string_view inJson(char c, char (&room)[6]) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) return {};
  const char escape[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
  std::copy(std::begin(escape), std::end(escape), room);
  return {room, sizeof room};
}

std::string_view inMarkup(char c, char (&)[6]) {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    default:
      return {};
  }
}

/// `text` as it may stand in a form; where nothing has to be replaced, as it is.
std::string_view escaped(Arena& arena, std::string_view text, Stand stand) {
  char room[6];
  size_t size = 0;
  for (char c : text) size += std::max<size_t>(1, stand(c, room).size());
  if (size == text.size()) return text;
  char* out = arena.chars(size);
  char* at = out;
  for (char c : text) {
    const std::string_view instead = stand(c, room);
    if (instead.empty()) {
      *at++ = c;
    } else {
      at = std::copy(instead.begin(), instead.end(), at);
    }
  }
  return {out, size};
}

}  // namespace

ErrorBody errorBody(Arena& arena, std::string_view accept, std::string_view message,
                    std::string_view requestId) {
  const Form form = negotiate(accept);
  if (form == Form::kJson) message = escaped(arena, message, inJson);
  if (form == Form::kHtml || form == Form::kXml) message = escaped(arena, message, inMarkup);
  switch (form) {
    case Form::kHtml:
      return {"text/html; charset=utf-8",
              arena.concat("<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n"
                           "    <title>Error</title>\n  </head>\n  <body>\n    <h1>Error</h1>\n"
                           "    <p>",
                           message, ".</p>\n    <p>request_id: ", requestId,
                           "</p>\n  </body>\n</html>\n")};
    case Form::kXml:
      return {
          "application/xml; charset=utf-8",
          arena.concat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>", message,
                       "</message>\n  <requestid>", requestId, "</requestid>\n</error>\n")};
    case Form::kPlain:
      return {"text/plain; charset=utf-8",
              arena.concat(message, "\nrequest_id: ", requestId, "\n")};
    case Form::kGrpc:
      return {"application/grpc", ""};
    case Form::kJson:
      break;
  }
  return {
      "application/json; charset=utf-8",
      arena.concat("{\n  \"message\":\"", message, "\",\n  \"request_id\":\"", requestId, "\"\n}")};
}

std::string_view defaultMessage(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "Request timeout";
    case 411:
      return "Length required";
    case 412:
      return "Precondition failed";
    case 413:
      return "Payload too large";
    case 414:
      return "URI too long";
    case 417:
      return "Expectation failed";
    case 426:
      return "Please use HTTPS protocol";
    case 429:
      return "Too many requests";
    case 431:
      return "Request header or cookie too large";
    case 501:
      return "Not implemented";
    case 502:
      return "An invalid response was received from the upstream server";
    case 503:
      return "The upstream server is currently unavailable";
    case 504:
      return "The upstream server is timing out";
    case 505:
      return "HTTP version not supported";
    default:
      return "An unexpected error occurred";
  }
}

}  // namespace tollgate::http
