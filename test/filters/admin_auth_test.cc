#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "filters/http/admin_auth/access_list.h"
#include "filters/http/admin_auth/failure_log.h"
#include "filters/http/admin_auth/scope.h"
#include "source/crypto/digest.h"

namespace tollgate::filters::admin_auth {
namespace {

std::string hexOf(std::string_view text) {
  return crypto::digest(crypto::Hash::kSha256, text).hex();
}

TEST(Scope, ARequestAsksForOneActionOnOneKind) {
  auto text = [](const char* method, const char* target) {
    return accessOf(method, target).text();
  };
  EXPECT_EQ(text("GET", "/"), "read:node");
  EXPECT_EQ(text("GET", "/status"), "read:node");
  EXPECT_EQ(text("GET", "/services?size=5"), "read:services");
  EXPECT_EQ(text("HEAD", "/services/"), "read:services");
  EXPECT_EQ(text("POST", "/services/s/routes"), "write:routes");
  EXPECT_EQ(text("PATCH", "/routes/r/service"), "write:services");
  EXPECT_EQ(text("DELETE", "/services/s/plugins/p"), "write:plugins");
  EXPECT_EQ(text("POST", "/consumers/c/key-auth"), "write:key-auths");
  EXPECT_EQ(text("GET", "/key-auths"), "read:key-auths");
  EXPECT_EQ(text("PUT", "/consumers/c/jwt/x"), "write:jwts");
  EXPECT_EQ(text("GET", "/plugins/enabled"), "read:plugins");
  EXPECT_EQ(text("POST", "/schemas/services/validate"), "read:schemas");
  EXPECT_EQ(text("POST", "/config"), "write:config");
  EXPECT_EQ(text("POST", "/revisions/3/revert"), "write:revisions");
  EXPECT_EQ(text("DELETE", "http://host/services/s"), "write:services");
}

TEST(Scope, AnEntityNamedLikeACollectionIsNoCollection) {
  EXPECT_EQ(accessOf("PATCH", "/services/consumers").text(), "write:services");
  EXPECT_EQ(accessOf("POST", "/services/consumers/routes").text(), "write:routes");
  // Encoded names of collections fit no endpoint, so they ask for what the first one says.
  EXPECT_EQ(accessOf("POST", "/services/s/%72outes").text(), "write:services");
  EXPECT_EQ(accessOf("POST", "/services/a%2Fconsumers/routes").text(), "write:routes");
}

TEST(Scope, WritingIncludesReadingAndTheStarIsEverything) {
  auto allows = [](std::vector<std::string> scopes, bool write, const char* kind) {
    auto parsed = Scopes::parse(scopes);
    return parsed.ok() && parsed->allow({write, kind});
  };
  EXPECT_TRUE(allows({"*"}, true, "consumers"));
  EXPECT_TRUE(allows({"read"}, false, "consumers"));
  EXPECT_FALSE(allows({"read"}, true, "consumers"));
  EXPECT_TRUE(allows({"write:services"}, false, "services"));
  EXPECT_TRUE(allows({"write:services"}, true, "services"));
  EXPECT_FALSE(allows({"write:services"}, true, "routes"));
  EXPECT_FALSE(allows({"write:services"}, false, "routes"));
  EXPECT_TRUE(allows({"read:node", "write:key-auth"}, true, "key-auths"));
}

TEST(Scope, WhatIsNoScopeIsRefused) {
  for (const char* bad : {"", "reed", "write:", "write:servces", "read:*x", "admin"}) {
    auto parsed = Scopes::parse({bad});
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_NE(parsed.error().message.find(std::string("'") + bad + "'"), std::string::npos) << bad;
  }
  EXPECT_FALSE(Scopes::parse({}).ok());
}

TEST(AccessList, FindsTokensByDigestAndCertificatesByName) {
  auto list =
      AccessList::parse("tokens:\n- {name: deploy, scopes: [write], sha256: '" + hexOf("sekret") +
                            "'}\ncertificates:\n"
                            "- {name: ops, scopes: [read], common_name: Ops}\n"
                            "- {name: ci, scopes: ['*'], uri: 'spiffe://a/ci'}\n",
                        "t.yaml");
  ASSERT_TRUE(list.ok()) << list.error().text();
  EXPECT_EQ(list->size(), 3u);
  ASSERT_NE(list->byToken("sekret"), nullptr);
  EXPECT_EQ(list->byToken("sekret")->name, "deploy");
  for (const char* bad : {"", "sekre", "sekretx"}) EXPECT_EQ(list->byToken(bad), nullptr);
  net::PeerCertificate certificate;
  certificate.commonName = "other";
  EXPECT_EQ(list->byCertificate(certificate), nullptr);
  certificate.uris = {"spiffe://a/x", "spiffe://a/ci"};
  ASSERT_NE(list->byCertificate(certificate), nullptr);
  EXPECT_EQ(list->byCertificate(certificate)->name, "ci");
  certificate.commonName = "Ops";
  EXPECT_EQ(list->byCertificate(certificate)->name, "ops");
}

TEST(AccessList, MistakesNameTheirPlace) {
  auto problem = [](const std::string& text) {
    auto list = AccessList::parse(text, "t.yaml");
    return list.ok() ? "" : list.error().text();
  };
  const std::string digest = hexOf("a");
  EXPECT_NE(problem("tokens:\n- {name: a, scopes: [read], sha256: abc}\n")
                .find("t.yaml: tokens[0].sha256: not a SHA-256"),
            std::string::npos);
  EXPECT_NE(problem("tokens:\n- {name: a, scopes: [red], sha256: '" + digest + "'}\n")
                .find("tokens[0].scopes: not a scope: 'red'"),
            std::string::npos);
  EXPECT_NE(problem("tokens:\n- {name: a, scope: [read]}\n").find("tokens[0].scope: unknown field"),
            std::string::npos);
  EXPECT_NE(problem("tokens:\n- {name: a, scopes: [read], sha256: '" + digest +
                    "'}\n- {name: a, scopes: [read], sha256: '" + hexOf("b") + "'}\n")
                .find("tokens[1].name: 'a' stands here twice"),
            std::string::npos);
  EXPECT_NE(problem("tokens:\n- {name: a, scopes: [read], sha256: '" + digest +
                    "'}\n- {name: b, scopes: [read], sha256: '" + digest + "'}\n")
                .find("tokens[1].sha256: another token"),
            std::string::npos);
  EXPECT_NE(problem("certificates:\n- {name: a, scopes: [read]}\n").find("needs one of"),
            std::string::npos);
  EXPECT_NE(problem("certificates:\n- {name: 'a b', scopes: [read], dns: x}\n")
                .find("certificates[0].name"),
            std::string::npos);
  EXPECT_NE(problem("tokens: [").find("t.yaml"), std::string::npos);
  EXPECT_EQ(problem(""), "") << "an empty file lets nobody in";
}

TEST(AccessList, AFileThatOthersMayTouchIsRefused) {
  char path[] = "/tmp/tollgate-tokens-XXXXXX";
  int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  close(fd);
  std::ofstream(path) << "tokens: []\n";
  for (auto [mode, good] : {std::pair{0600, true}, {0640, true}, {0644, false}, {0660, false}}) {
    chmod(path, static_cast<mode_t>(mode));
    auto list = AccessList::read(path);
    EXPECT_EQ(list.ok(), good) << mode;
    if (!good) {
      EXPECT_NE(list.error().text().find("chmod 600"), std::string::npos);
    }
  }
  unlink(path);
  EXPECT_FALSE(AccessList::read(path).ok());
}

TEST(FailureLog, WritesSoManyLinesAMinuteAndCountsTheRest) {
  struct Log final : http::OperatorLog {
    void warn(std::string_view text) override { lines.emplace_back(text); }
    std::vector<std::string> lines;
  } log;
  FailureLog failures(&log, 2);
  for (int i = 0; i < 5; ++i) failures.add(60000, "no");
  EXPECT_EQ(log.lines, (std::vector<std::string>{"no", "no"}));
  failures.add(120000, "no");
  EXPECT_EQ(log.lines.back(), "no (3 more were not logged)");
  failures.add(120001, "no");
  EXPECT_EQ(log.lines.back(), "no");
}

}  // namespace
}  // namespace tollgate::filters::admin_auth
