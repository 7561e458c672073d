#include <gtest/gtest.h>

#include <random>
#include <string>

#include "test/fuzz/http1_fuzz.h"

namespace tollgate::http1::test {
namespace {

TEST(Http1Mutation, DamagedMessagesMeanTheSameWholeAndInPieces) {
  const std::vector<std::string> seeds = {
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;e=1\r\nhello\r\n0\r\nT: "
      "1\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST http://b/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nhi\r\n"
      "0\r\nT: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"};
  const std::string bytes("\r\n \t:;,0159afgGzHT/\0\x7f\x80\xff", 24);
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    std::string text = seeds[random() % seeds.size()];
    for (size_t changes = random() % 3 + 1; changes > 0; --changes) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = bytes[random() % bytes.size()];
          break;
        case 1:
          text.erase(at, random() % 3 + 1);
          break;
        default:
          text.insert(at, 1, bytes[random() % bytes.size()]);
          break;
      }
      if (text.empty()) text = "x";
    }
    SCOPED_TRACE(text);
    fuzzHttp1(text, random() % 7 + 1);
  }
}

}  // namespace
}  // namespace tollgate::http1::test
