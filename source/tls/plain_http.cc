#include "source/tls/plain_http.h"

namespace tollgate::tls {
namespace {

constexpr std::string_view kPage =
    "<html>\n"
    "<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\n"
    "<body>\n"
    "<center><h1>400 Bad Request</h1></center>\n"
    "<center>The plain HTTP request was sent to HTTPS port</center>\n"
    "</body>\n"
    "</html>\n";

std::string dateOf(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

bool looksLikeHttp(std::string_view bytes) {
  if (bytes.empty()) return false;
  const char lower = static_cast<char>(bytes.front() | 0x20);
  return lower >= 'a' && lower <= 'z';
}

std::string answerToPlainHttp(std::string_view request, std::time_t now) {
  std::string answer =
      "HTTP/1.1 400 Bad Request\r\n"
      "Date: " +
      dateOf(now) +
      "\r\n"
      "Content-Type: text/html\r\n"
      "Content-Length: " +
      std::to_string(kPage.size()) +
      "\r\n"
      "Connection: close\r\n\r\n";
  if (!request.starts_with("HEAD ")) answer += kPage;
  return answer;
}

}  // namespace tollgate::tls
