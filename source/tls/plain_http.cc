#include "source/tls/plain_http.h"

#include <algorithm>

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

constexpr size_t kLongestMethod = 20;

std::string dateOf(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

bool looksLikeHttp(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, kLongestMethod + 1);
  const size_t letters = static_cast<size_t>(
      std::find_if_not(start.begin(), start.end(),
                       [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }) -
      start.begin());
  if (letters == 0 || letters > kLongestMethod) return false;
  return letters == bytes.size() || bytes[letters] == ' ';
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
