#include "source/server/listener_plan.h"

#include <gtest/gtest.h>

#include "source/config/node.h"
#include "source/schema/message.h"

namespace tollgate::server {
namespace {

class ListenerPlanTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto pair = tls::generateSelfSigned(crypto::KeyType::kEcP256, "localhost");
    ASSERT_TRUE(pair.ok());
    certificates_.proxy = certificates_.admin = {*pair};
  }
  void SetUp() override {
    auto loaded = Settings::load("", {{"HOME", "/tmp"}}, {});
    ASSERT_TRUE(loaded.ok());
    settings_ = std::move(loaded).value();
  }
  Result<ListenerPlans> compile(const std::string& yaml) {
    auto doc = schema::parseYamlOrJson(yaml, "node.yaml");
    if (!doc) return doc.error();
    node::v1::Node node;
    if (Status decoded = schema::decodeStrict(*doc, node, ""); !decoded) return decoded.error();
    return compileNode(node, "node.yaml", settings_, certificates_);
  }
  std::string problem(const std::string& yaml) {
    auto plans = compile(yaml);
    return plans.ok() ? "" : plans.error().text();
  }
  static inline DefaultCertificates certificates_;
  Settings settings_;
};

/// A node of one listener with these chains.
std::string withChains(std::string_view chains) {
  std::string out = "listeners:\n- name: a\n  bind: ['127.0.0.1:0']\n  filter_chains:\n";
  out.append(chains);
  return out;
}

TEST_F(ListenerPlanTest, TheBuiltInNodeHasProxyAdminAndStatusListeners) {
  auto node = builtinNode(settings_);
  ASSERT_TRUE(node.ok());
  auto plans = compileNode(*node, "settings", settings_, certificates_);
  ASSERT_TRUE(plans.ok()) << plans.error().text();
  ASSERT_EQ(plans->size(), 5u);
  EXPECT_EQ((*plans)[0]->addresses[0].toString(), "0.0.0.0:8000");
  EXPECT_EQ((*plans)[0]->chains[0].tls, nullptr);
  EXPECT_NE((*plans)[1]->chains[0].tls, nullptr);
  EXPECT_FALSE((*plans)[0]->onMain());
  EXPECT_TRUE((*plans)[2]->onMain());
  EXPECT_EQ((*plans)[4]->chains[0].kind, Chain::Kind::kStatus);
}

TEST_F(ListenerPlanTest, WhatIsPrintedCanBeReadAgain) {
  auto node = builtinNode(settings_);
  ASSERT_TRUE(node.ok());
  auto plans = compile(config::printNode(*node));
  ASSERT_TRUE(plans.ok()) << plans.error().text();
  EXPECT_EQ(plans->size(), 5u);
}

TEST_F(ListenerPlanTest, TheMostSpecificChainTakesAConnection) {
  auto plans = compile(withChains(R"(
  - match: {server_names: ["*.example.com"]}
    filters: [{name: tls}, {name: tcp-proxy, config: {host: 127.0.0.1, port: 1}}]
  - match: {server_names: ["api.example.com"]}
    filters: [{name: tls}, {name: tcp-proxy, config: {host: 127.0.0.1, port: 2}}]
  - match: {application_protocols: [h2]}
    filters: [{name: tls}, {name: tcp-proxy, config: {host: 127.0.0.1, port: 3}}]
  - match: {source_prefix_ranges: [10.0.0.0/8]}
    filters: [{name: tcp-proxy, config: {host: 127.0.0.1, port: 4}}]
  - match: {destination_port: 9}
    filters: [{name: tcp-proxy, config: {host: 127.0.0.1, port: 5}}]
)"));
  ASSERT_TRUE(plans.ok()) << plans.error().text();
  const ListenerPlan& plan = *plans->front();
  EXPECT_TRUE(plan.needsHello);
  auto port = [&](const char* peer, uint16_t local, const char* name,
                  std::vector<std::string> protocols) -> int {
    const Chain* chain = plan.choose(*net::Address::parse(peer, 1), local, name, protocols);
    return chain == nullptr ? 0 : chain->tcp.port;
  };
  EXPECT_EQ(port("1.2.3.4", 8, "www.example.com", {}), 1);
  EXPECT_EQ(port("1.2.3.4", 8, "api.example.com", {"h2"}), 2);
  EXPECT_EQ(port("1.2.3.4", 8, "other.org", {"h2", "http/1.1"}), 3);
  EXPECT_EQ(port("10.2.3.4", 9, "", {}), 4);
  EXPECT_EQ(port("1.2.3.4", 9, "", {}), 5);
  EXPECT_EQ(port("1.2.3.4", 8, "", {}), 0);
  EXPECT_EQ(port("1.2.3.4", 8, "example.com", {}), 0);
}

TEST_F(ListenerPlanTest, ErrorsNameTheirPlace) {
  EXPECT_EQ(
      problem(withChains("  - filters: [{name: htp}]\n")),
      "node.yaml: listeners[0].filter_chains[0].filters[0].name: unknown network filter 'htp', "
      "or at the wrong place (tls, then http or tcp-proxy)");
  EXPECT_NE(
      problem(withChains("  - filters: [{name: http, config: {filters: [{name: rooter}]}}]\n"))
          .find("listeners[0].filter_chains[0].filters[0].config.filters[0].name"),
      std::string::npos);
  EXPECT_NE(
      problem(withChains("  - filters: [{name: tcp-proxy, config: {host: a, port: 1, por: 2}}]\n"))
          .find("filters[0].config.por: unknown field"),
      std::string::npos);
  EXPECT_NE(
      problem(withChains("  - filters: [{name: tls}]\n")).find("nothing follows the tls filter"),
      std::string::npos);
  EXPECT_NE(
      problem(withChains("  - match: {server_names: [a]}\n    filters: [{name: tcp-proxy, config: "
                         "{host: a, port: 1}}]\n"))
          .find("add a tls filter"),
      std::string::npos);
  EXPECT_NE(problem("listeners:\n- name: a\n  bind: ['nonsense']\n  filter_chains: []\n")
                .find("listeners[0].bind[0]"),
            std::string::npos);
}

}  // namespace
}  // namespace tollgate::server
