#include "source/server/settings.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "source/server/listen.h"
#include "source/server/proxy_options.h"

namespace tollgate::server {
namespace {

using Environment = Settings::Environment;

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/tollgate-settings-XXXXXX";
    int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    close(fd);
    file_ = path;
  }
  void TearDown() override { std::remove(file_.c_str()); }
  void write(const std::string& text) { std::ofstream(file_) << text; }
  Settings load(const Environment& environment = {}) {
    auto loaded = Settings::load(file_, environment, {});
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().text());
    return std::move(loaded).value();
  }
  std::string problem(const Environment& environment) {
    auto loaded = Settings::load(file_, environment, {});
    return loaded.ok() ? "" : loaded.error().text();
  }
  std::string file_;
};

TEST_F(SettingsTest, EnvironmentBeatsFileAndTollgateBeatsKong) {
  write("log_level = warn # noisy\nproxy_access_log = off\n\n# a comment\npg_user = a\\#b\n");
  Settings settings = load({{"KONG_PROXY_ACCESS_LOG", "/dev/stdout"},
                            {"KONG_DATABASE", "postgres"},
                            {"TOLLGATE_DATABASE", "off"}});
  EXPECT_EQ(settings.text("log_level"), "warn");
  EXPECT_EQ(settings.text("proxy_access_log"), "/dev/stdout");
  EXPECT_EQ(settings.text("database"), "off");
  EXPECT_EQ(settings.text("pg_user"), "a#b");
}

TEST_F(SettingsTest, ListsAreTrimmedAndOffEmptiesThem) {
  Settings settings = load({{"KONG_HEADERS", " a , ,b,"}, {"KONG_PLUGINS", "off, key-auth"}});
  EXPECT_EQ(settings.list("headers"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(settings.list("plugins").empty());
}

TEST_F(SettingsTest, LimitsOfHttp2) {
  auto limits = proxySettings(
      load({{"KONG_HTTP2_MAX_CONCURRENT_STREAMS", "7"}, {"KONG_HTTP2_HELD_BYTES", "2m"}}));
  ASSERT_TRUE(limits.ok());
  EXPECT_EQ(limits->http2.maxConcurrentStreams, 7u);
  EXPECT_EQ(limits->http2.heldBytes, 2u << 20);
  auto problem = [&](const char* name, const char* value) {
    auto options = proxySettings(load({{name, value}}));
    return options.ok() ? "" : options.error().text();
  };
  EXPECT_EQ(problem("KONG_HTTP2_MAX_CONCURRENT_STREAMS", "0"),
            "http2_max_concurrent_streams is not a number from 1 to 65535");
  EXPECT_EQ(problem("KONG_HTTP2_HELD_BYTES", "many"),
            "http2_held_bytes is not a size: 'many' (such as 10m, 64k or 0)");
  EXPECT_EQ(problem("KONG_HTTP2_HELD_BYTES", "0"),
            "http2_held_bytes is less than 64k, which no answer could do with");
}

TEST_F(SettingsTest, BadValuesNameTheSettingAndTheChoices) {
  EXPECT_EQ(
      problem({{"KONG_LOG_LEVEL", "loud"}}),
      "log_level has an invalid value: 'loud' (debug, info, notice, warn, error, crit, alert, "
      "emerg)");
  EXPECT_EQ(problem({{"KONG_PG_PORT", "many"}}), "pg_port is not a number: 'many'");
  for (const char* absurd : {"nan", "inf", "-inf", "1e999"}) {
    EXPECT_EQ(problem({{"KONG_PG_TIMEOUT", absurd}}),
              std::string("pg_timeout is not a number: '") + absurd + "'");
  }
  EXPECT_NE(Settings::load("/nowhere/kong.conf", {}, {})
                .error()
                .text()
                .find("no file at: /nowhere/kong.conf"),
            std::string::npos);
}

TEST_F(SettingsTest, KnownButUnsupportedSettingsWarnAndUnknownOnesAreIgnored) {
  Settings settings = load({{"KONG_STREAM_LISTEN", "0.0.0.0:9000"},
                            {"KONG_NGINX_HTTP_GZIP", "on"},
                            {"KONG_NOT_A_SETTING", "x"}});
  ASSERT_EQ(settings.warnings().size(), 2u);
  EXPECT_NE(settings.warnings()[0].find("stream_listen"), std::string::npos);
  EXPECT_NE(settings.warnings()[1].find("nginx_http_gzip"), std::string::npos);
}

TEST(Listen, EntriesWithFlagsAndIpv6AreRead) {
  auto entries =
      parseListen("proxy_listen", "0.0.0.0:8000 reuseport backlog=5, [::1]:8443 ssl http2");
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].backlog, 5);
  EXPECT_FALSE((*entries)[0].ssl);
  EXPECT_EQ((*entries)[1].host, "::1");
  EXPECT_EQ((*entries)[1].port, 8443);
  EXPECT_TRUE((*entries)[1].ssl && (*entries)[1].http2);
}

TEST(Listen, OffListensNowhereAndNonsenseIsRefused) {
  EXPECT_TRUE(parseListen("status_listen", "off")->empty());
  for (const char* bad : {"8000", "0.0.0.0:99999", "0.0.0.0:80 fast", "::1:80", ":80", "[::1:80"}) {
    auto entries = parseListen("proxy_listen", bad);
    ASSERT_FALSE(entries.ok()) << bad;
    EXPECT_EQ(entries.error().message.find("proxy_listen must be of form: [off] | <ip>:<port>"),
              0u);
  }
}

TEST(ProxyOptions, TheProcessorQuotaOfTheGroupIsRead) {
  char folder[] = "/tmp/tollgate-cgroup-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  std::string root = folder;
  EXPECT_EQ(cgroupCores(root), 0);
  std::ofstream(root + "/cpu.max") << "150000 100000\n";
  EXPECT_DOUBLE_EQ(cgroupCores(root), 1.5);
  std::ofstream(root + "/cpu.max") << "max 100000\n";
  EXPECT_EQ(cgroupCores(root), 0);
  std::remove((root + "/cpu.max").c_str());
  std::remove(root.c_str());
}

TEST(ProxyOptions, SizesHaveUnits) {
  EXPECT_EQ(*parseBytes("8k"), 8192u);
  EXPECT_EQ(*parseBytes("10m"), 10u << 20);
  EXPECT_EQ(*parseBytes("0"), 0u);
  for (const char* bad : {"", "x", "-1", "10q", "99999999999999g"})
    EXPECT_FALSE(parseBytes(bad).ok());
}

}  // namespace
}  // namespace tollgate::server
