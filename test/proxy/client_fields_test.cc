// What clients say in heads and trailers of their own hop, and of who they are.
#include "source/proxy/client_fields.h"

#include "test/proxy/filter_support.h"

namespace tollgate::proxy {
namespace {

class ClientFieldsTest : public FilterTest {
 protected:
  /// The lines of a message's head, in lower case, as the origin got them.
  static bool hasLine(const std::string& head, std::string_view line) {
    return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
  }
  static size_t countOf(const std::string& text, std::string_view part) {
    size_t count = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
    return count;
  }
};

TEST_F(ClientFieldsTest, WhatFiltersAndTheGatewayAddArrivesWhateverConnectionNames) {
  plugin().request = [](Exchange& exchange) {
    exchange.request().headers.set("X-Consumer-Username", "alice");
    exchange.request().headers.set("X-Own", "yes");
    return Action::kContinue;
  };
  start();
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nX-Own: no\r\nConnection: close, X-Consumer-Username, X-Own,"
      "x-forwarded-for, X-Forwarded-Proto ,X-REAL-IP, via, X-Kong-Request-ID, host\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  for (const char* line :
       {"X-Consumer-Username: alice", "X-Own: yes", "X-Real-IP: 127.0.0.1",
        "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "Via: 1.1 kong/3.10.0"}) {
    EXPECT_TRUE(hasLine(seen, line)) << line << "\n" << seen;
  }
  EXPECT_NE(seen.find("X-Kong-Request-Id: "), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nHost: "), std::string::npos) << seen;
}

TEST_F(ClientFieldsTest, FieldsOfTheClientsHopAreGoneBeforeTheFirstFilter) {
  before().request = [this](Exchange& exchange) {
    exchange.request().headers.forEach(
        [this](const http::Header& header) { calls_.append(header.name()).append(";"); });
    return Action::kContinue;
  };
  start();
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nX-Mine: 1\r\nConnection: x-mine\r\nKeep-Alive: 5\r\n"
      "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTE: gzip\r\nX-End: 1\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  EXPECT_EQ(calls_, "Host;X-End;");
}

TEST_F(ClientFieldsTest, AForwardingFieldIsNotTakenAwayFromATrustedPeer) {
  settings_.trusted = {*net::AddressRange::parse("127.0.0.0/8")};
  start();
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n"
      "Connection: X-Forwarded-For, X-Forwarded-Proto\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  EXPECT_TRUE(hasLine(seen, "X-Forwarded-For: 9.9.9.9, 127.0.0.1")) << seen;
  EXPECT_TRUE(hasLine(seen, "X-Forwarded-Proto: https")) << seen;
}

TEST_F(ClientFieldsTest, AliasesOfTheGatewaysFieldsDoNotPass) {
  start();
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nX_Consumer_Username: root\r\nx-consumer_id: 1\r\n"
      "X_CONSUMER_GROUPS: admin\r\nX_Real_IP: 9.9.9.9\r\nX_Forwarded-For: 9.9.9.9\r\n"
      "X_Credential_Identifier: x\r\nX_Anonymous_Consumer: true\r\nX_Kong_Request_Id: 1\r\n"
      "X_Consumer_Usernamf: other\r\nX_Own_Field: 2\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  EXPECT_EQ(countOf(seen, "_"), 4u) << "two fields that are nobody's alias: " << seen;
  EXPECT_TRUE(hasLine(seen, "X_Consumer_Usernamf: other")) << seen;
  EXPECT_TRUE(hasLine(seen, "X_Own_Field: 2")) << seen;
}

TEST_F(ClientFieldsTest, TrailersCannotSayWhoIsAsking) {
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  client_.send(
      "2\r\nab\r\n0\r\nX-Consumer-Username: root\r\nx_consumer_id: 1\r\nX-Consumer-Groups: "
      "admin\r\n"
      "Authorization: Basic x\r\nCookie: a=b\r\napikey: k\r\nX-Forwarded-For: 9.9.9.9\r\n"
      "X-Real-IP: 9.9.9.9\r\nHost: b\r\nX-Sum: 1\r\n\r\n");
  ASSERT_TRUE(originHas(0, "\r\n0\r\nX-Sum: 1\r\n\r\n", seen)) << seen;
}

}  // namespace
}  // namespace tollgate::proxy
