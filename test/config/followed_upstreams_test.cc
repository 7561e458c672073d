// What services learn of upstreams and certificates that come, change and go.
#include <gtest/gtest.h>

#include "source/config/snapshot_compiler.h"

namespace tollgate::config {
namespace {

using store::Change;

class FollowedUpstreams : public testing::Test {
 protected:
  FollowedUpstreams() {
    compiler_.setClusters(&registry_);
    compiler_.setUpstreamTls([this](const Json& doc) -> Result<std::shared_ptr<const void>> {
      wanted_.push_back(doc);
      return std::shared_ptr<const void>(std::make_shared<int>(0));
    });
  }
  void put(const std::string& kind, const std::string& id, Json doc) {
    doc["id"] = id;
    compiler_.apply({Change::Op::kReplace, kind, id, std::move(doc)});
  }
  void drop(const std::string& kind, const std::string& id) {
    compiler_.apply({Change::Op::kDelete, kind, id, nullptr});
  }
  void service(const std::string& id, const std::string& host, Json more = Json::object()) {
    more["host"] = host;
    if (!more.contains("protocol")) more["protocol"] = "http";
    put("services", id, more);
    put("routes", id, {{"paths", {"/" + id}}, {"protocols", {"http"}}, {"service", {{"id", id}}}});
  }
  const upstream::Service& serviceOf(const std::string& id) {
    snapshot_ = compiler_.compile(++revision_);
    route::MatchInput input;
    const std::string path = "/" + id;
    input.method = "GET";
    input.normalizedPath = path;
    route::Match match;
    EXPECT_TRUE(snapshot_->routes->match(input, match));
    return *snapshot_->serviceOf(*static_cast<const proxy::Route*>(match.payload));
  }
  /// What the service was last asked to show since the last call.
  std::string shownBy(const std::string& id) {
    serviceOf(id);
    const std::vector<Json> wanted = std::exchange(wanted_, {});
    if (wanted.empty()) return "unchanged";
    auto found = wanted.back().find("client_certificate");
    return found != wanted.back().end() ? found->at("cert").get<std::string>() : "none";
  }

  upstream::ClusterRegistry registry_{1};
  SnapshotCompiler compiler_;
  std::vector<Json> wanted_;
  std::shared_ptr<const proxy::Snapshot> snapshot_;
  store::Revision revision_ = 0;
};

TEST_F(FollowedUpstreams, AServiceTakesUpANameThatBecomesAnUpstream) {
  service("s", "up");
  service("other", "elsewhere");
  service("literal", "10.0.0.1");
  EXPECT_EQ(serviceOf("s").cluster, nullptr);
  put("upstreams", "u", {{"name", "up"}});
  EXPECT_NE(serviceOf("s").cluster, nullptr);
  EXPECT_EQ(serviceOf("other").cluster, nullptr);
  EXPECT_EQ(serviceOf("literal").cluster, nullptr);
  const upstream::Service* before = &serviceOf("s");
  put("targets", "t", {{"upstream", {{"id", "u"}}}, {"target", "10.0.0.1:80"}, {"weight", 10}});
  EXPECT_EQ(&serviceOf("s"), before) << "targets are no matter of the service";
  drop("upstreams", "u");
  EXPECT_EQ(serviceOf("s").cluster, nullptr);
}

TEST_F(FollowedUpstreams, AServiceThatComesLaterFindsTheUpstream) {
  put("upstreams", "u", {{"name", "up"}});
  compiler_.compile(1);
  service("s", "up");
  ASSERT_NE(serviceOf("s").cluster, nullptr);
  EXPECT_EQ(serviceOf("s").cluster, registry_.find("up"));
}

TEST_F(FollowedUpstreams, AConfigurationThatIsLoadedAnewReplacesTheUpstreams) {
  put("upstreams", "u", {{"name", "up"}});
  put("upstreams", "v", {{"name", "gone"}});
  compiler_.compile(1);
  compiler_.clear();
  put("upstreams", "u", {{"name", "up"}});
  service("s", "up");
  EXPECT_NE(serviceOf("s").cluster, nullptr);
  EXPECT_EQ(registry_.find("gone"), nullptr);
}

TEST_F(FollowedUpstreams, TheServicesCertificateComesBeforeTheUpstreams) {
  put("certificates", "c1", {{"cert", "of the upstream"}, {"key", "k"}});
  put("certificates", "c2", {{"cert", "of the service"}, {"key", "k"}});
  put("upstreams", "u", {{"name", "up"}});
  service("s", "up", {{"protocol", "https"}});
  EXPECT_EQ(shownBy("s"), "none");
  std::string key = serviceOf("s").poolKey;
  put("upstreams", "u", {{"name", "up"}, {"client_certificate", {{"id", "c1"}}}});
  EXPECT_EQ(shownBy("s"), "of the upstream");
  EXPECT_NE(serviceOf("s").poolKey, key) << "connections with the former one are not used again";
  put("certificates", "c1", {{"cert", "renewed"}, {"key", "k"}});
  EXPECT_EQ(shownBy("s"), "renewed");
  put("certificates", "c2", {{"cert", "renewed too"}, {"key", "k"}});
  EXPECT_EQ(shownBy("s"), "unchanged");
  service("s", "up", {{"protocol", "https"}, {"client_certificate", {{"id", "c2"}}}});
  EXPECT_EQ(shownBy("s"), "renewed too");
  EXPECT_EQ(shownBy("s"), "unchanged");
}

TEST_F(FollowedUpstreams, AuthoritiesAreHandedOverAsTexts) {
  service("s", "a.test", {{"protocol", "https"}, {"ca_certificates", {"a1", "a2"}}});
  put("ca_certificates", "a2", {{"cert", "second"}});
  wanted_.clear();
  serviceOf("s");
  ASSERT_FALSE(wanted_.empty());
  EXPECT_EQ(wanted_.back()["ca_certificates"], (Json{"", "second"})) << "one is not there";
  put("ca_certificates", "a1", {{"cert", "first"}});
  wanted_.clear();
  serviceOf("s");
  ASSERT_FALSE(wanted_.empty());
  EXPECT_EQ(wanted_.back()["ca_certificates"], (Json{"first", "second"}));
}

// ---- HTTP/2 ------------------------------------------------------------------------------------

TEST_F(FollowedUpstreams, GrpcServicesSpeakHttp2) {
  service("plain", "10.0.0.1", {{"protocol", "grpc"}});
  EXPECT_EQ(serviceOf("plain").http2, upstream::Http2::kAlways);
  EXPECT_FALSE(serviceOf("plain").tls);
  service("other", "10.0.0.1");
  EXPECT_NE(serviceOf("plain").poolKey, serviceOf("other").poolKey);
  service("secure", "10.0.0.1", {{"protocol", "grpcs"}});
  EXPECT_EQ(serviceOf("secure").http2, upstream::Http2::kAlways);
  EXPECT_EQ(wanted_.back()["alpn"], Json({"h2"}));
}

TEST_F(FollowedUpstreams, HttpsServicesAreOfferedHttp2WhereThatIsSet) {
  service("s", "10.0.0.1", {{"protocol", "https"}});
  EXPECT_EQ(serviceOf("s").http2, upstream::Http2::kNever);
  EXPECT_FALSE(wanted_.back().contains("alpn"));
  compiler_.offerHttp2(true);
  service("s", "10.0.0.1", {{"protocol", "https"}});
  EXPECT_EQ(serviceOf("s").http2, upstream::Http2::kOffered);
  EXPECT_EQ(wanted_.back()["alpn"], Json({"h2", "http/1.1"}));
  service("plain", "10.0.0.1");
  EXPECT_EQ(serviceOf("plain").http2, upstream::Http2::kNever);
}

}  // namespace
}  // namespace tollgate::config
