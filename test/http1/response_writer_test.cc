#include "source/http1/response_writer.h"

namespace tollgate::http1 {
namespace {

/// Writes one response and tells what stands in the output.
class ResponseWriterTest : public testing::Test {
 protected:
  std::string write(int status, bool end, std::string_view body, bool keepAlive = true) {
    http::ResponseHead head(arena);
    head.status = status;
    head.headers.add("X-A", "b");
    if (!length.empty()) head.headers.add("Content-Length", length);
    writer.head(head, end, keepAlive);
    if (!end) {
      buffer::Buffer bytes(slabs);
      bytes.append(body);
      writer.body(bytes);
      writer.finish(nullptr);
    }
    std::string written = output.toString();
    output.clear();
    size_t at = written.find(dateLine);
    EXPECT_NE(at, std::string::npos);
    return at == std::string::npos ? written : written.erase(at, dateLine.size());
  }

  const std::string dateLine = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
  std::string_view length;
  Arena arena;
  buffer::SlabPool slabs;
  buffer::Buffer output{slabs};
  DateCache date{0};
  ResponseWriter writer{output, date};
};

TEST_F(ResponseWriterTest, FramesByLengthWhereItIsKnown) {
  length = "5";
  EXPECT_EQ(
      write(200, false, "hello"),
      "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
  EXPECT_FALSE(writer.endsConnection());
}

TEST_F(ResponseWriterTest, ALengthIsPassedOnOrWrittenOnceWhateverTheHeadHas) {
  auto lengthsOf = [&](auto fill) {
    http::ResponseHead head(arena);
    head.status = 200;
    fill(head.headers);
    writer.reset();
    writer.head(head, false, true);
    std::string written = output.toString(), out;
    output.clear();
    for (size_t at = 0; (at = written.find("ength: ", at)) != std::string::npos; ++at) {
      out += written.substr(at + 7, written.find('\r', at) - at - 7) + ";";
    }
    return out;
  };
  using http::HeaderCode, http::HeaderMap;
  auto checked = [](HeaderMap& headers, std::string_view value) {
    headers.addChecked(HeaderCode::kContentLength, "content-length", value);
  };
  EXPECT_EQ(lengthsOf([&](HeaderMap& headers) { checked(headers, "007"); }), "007;");
  EXPECT_EQ(lengthsOf([&](HeaderMap& headers) { checked(headers, "7"), checked(headers, "8"); }),
            "7;");
  EXPECT_EQ(lengthsOf([&](HeaderMap& headers) { headers.add("Content-Length", "7"); }), "7;");
  for (const char* none : {"", "-7", "7, 7", "7\r\nX: y", "9999999999999999999"}) {
    EXPECT_EQ(lengthsOf([&](HeaderMap& headers) { headers.add("Content-Length", none); }), "")
        << none;
  }
}

TEST_F(ResponseWriterTest, FramesByChunksOrByTheEndOfTheConnectionElse) {
  EXPECT_EQ(write(200, false, "hello"),
            "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n"
            "Connection: keep-alive\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_FALSE(writer.endsConnection());
  writer.reset();
  writer.answer(http::Version::kHttp10, false);
  EXPECT_EQ(write(200, false, "hello"),
            "HTTP/1.1 200 OK\r\nX-A: b\r\nConnection: close\r\n\r\nhello");
  EXPECT_TRUE(writer.endsConnection());
}

TEST_F(ResponseWriterTest, SendsNoMoreThanItsHeadPromisedAndEndsAConnectionThatGotLess) {
  length = "3";
  std::string cut = write(200, false, "hello");
  EXPECT_TRUE(cut.ends_with("\r\n\r\nhel")) << cut;
  EXPECT_TRUE(writer.endsConnection());
  writer.reset();
  EXPECT_FALSE(writer.endsConnection());
  write(200, false, "he");
  EXPECT_TRUE(writer.endsConnection());
}

TEST_F(ResponseWriterTest, AnswersToHeadKeepTheLengthOfWhatGetWouldSend) {
  length = "5";
  writer.answer(http::Version::kHttp11, true);
  EXPECT_EQ(write(200, true, ""),
            "HTTP/1.1 200 OK\r\nX-A: b\r\n"
            "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(writer.endsConnection());
}

}  // namespace
}  // namespace tollgate::http1
