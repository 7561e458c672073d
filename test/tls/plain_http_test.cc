#include "source/tls/plain_http.h"

#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

TEST(PlainHttp, IsToldFromAHello) {
  for (const char* request : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "delete /", "D"}) {
    EXPECT_TRUE(looksLikeHttp(request)) << request;
  }
  EXPECT_FALSE(looksLikeHttp(std::string_view("\x16\x03\x01", 3)));
  EXPECT_FALSE(looksLikeHttp(std::string_view("\x80\x2e\x01", 3)));
  EXPECT_FALSE(looksLikeHttp(std::string_view("\0", 1)));
  EXPECT_FALSE(looksLikeHttp("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_FALSE(looksLikeHttp(std::string(600, 'x')));
  EXPECT_FALSE(looksLikeHttp(""));
}

TEST(PlainHttp, TheAnswerIsAWholeResponse) {
  const std::string answer = answerToPlainHttp("GET / HTTP/1.1\r\n\r\n", 784111777);
  const size_t head = answer.find("\r\n\r\n");
  ASSERT_NE(head, std::string::npos);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_NE(answer.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nContent-Length: " + std::to_string(answer.size() - head - 4)),
            std::string::npos);
  EXPECT_NE(answer.find("The plain HTTP request was sent to HTTPS port"), std::string::npos);
  EXPECT_TRUE(answerToPlainHttp("HEAD / HTTP/1.1\r\n\r\n", 0).ends_with("\r\n\r\n"));
}

TEST_F(TlsTest, ARequestInClearTextIsAnsweredInClearText) {
  serve();
  int fd = dial();
  client_ = std::make_unique<Peer>(loop_, slabs_, fd, net::makeTcpTransport(fd), true);
  client_->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(until([&] { return client_->ended; }));
  EXPECT_TRUE(client_->received.starts_with("HTTP/1.1 400 ")) << client_->received;
  EXPECT_TRUE(client_->received.ends_with("</html>\n"));
  client_->connection().close(net::Connection::Close::kNow, "done");
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->reason, "tls: plain HTTP on a TLS port");
  EXPECT_FALSE(accepted_[0]->connected);
}

TEST_F(TlsTest, AClientThatSendsALongBodyInClearTextStillReadsTheAnswer) {
  serve();
  int fd = dial();
  client_ = std::make_unique<Peer>(loop_, slabs_, fd, net::makeTcpTransport(fd), true);
  client_->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" +
                std::string(8'000'000, 'x'));
  ASSERT_TRUE(until([&] { return client_->ended; }));
  EXPECT_TRUE(client_->received.ends_with("</html>\n")) << client_->reason;
  ASSERT_TRUE(until([&] { return client_->connection().output().empty(); }));
  client_->connection().close(net::Connection::Close::kNow, "done");
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
}

}  // namespace
}  // namespace tollgate::tls::test
