#include "source/server/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <tuple>

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
  Settings settings =
      load({{"KONG_TRUSTED_IPS", " 10.0.0.1 , ,10.0.0.2,"}, {"KONG_PLUGINS", "off, key-auth"}});
  EXPECT_EQ(settings.list("trusted_ips"), (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
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

TEST_F(SettingsTest, WhatIsNotSupportedIsToldWithWhatIsSoInItsPlace) {
  Settings settings = load({{"KONG_STREAM_LISTEN", "0.0.0.0:9000"},
                            {"KONG_WASM", "on"},
                            {"KONG_ADMIN_ERROR_LOG", "logs/error.log"},
                            {"KONG_MEM_CACHE_SIZE", "1g"}});
  EXPECT_EQ(settings.warnings(),
            (std::vector<std::string>{
                "admin_error_log is not supported yet and has no effect: errors go to "
                "`proxy_error_log`",
                "stream_listen is not supported yet and has no effect: there are no stream "
                "routes; a node file has a TCP proxy",
                "wasm is not supported and has no effect: there are no filters in WebAssembly"}));
}

TEST_F(SettingsTest, SettingsThatDoNotExistAreNamedInOneLine) {
  write("enforce_rbac = on\nlog_levle = debug\n");
  Settings settings = load({{"KONG_ENFORCE_RBAC", "on"},
                            {"KONG_NOT_A_SETTING", "x"},
                            {"KONG_CASSANDRA_KEYSPACE", "k"},
                            {"TOLLGATE_DRAIN_TIMEOU", "1"}});
  EXPECT_EQ(settings.warnings(),
            (std::vector<std::string>{
                "settings that do not exist here have no effect: KONG_CASSANDRA_KEYSPACE (Kong no "
                "longer has it), KONG_ENFORCE_RBAC (Kong Enterprise), KONG_NOT_A_SETTING, "
                "TOLLGATE_DRAIN_TIMEOU (did you mean drain_timeout?), enforce_rbac (Kong "
                "Enterprise), log_levle (did you mean log_level?)"}));
}

TEST_F(SettingsTest, ALineOfUnknownNamesHasAnEndAndNoControlCharacters) {
  Environment many;
  for (int i = 100; i < 200; ++i) many["KONG_X\n" + std::to_string(i)] = "1";
  many["KONG_A" + std::string(5000, 'A')] = "1";
  const auto warnings = load(many).warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].find('\n'), std::string::npos);
  EXPECT_LT(warnings[0].size(), 1000u);
  EXPECT_NE(warnings[0].find(" and 77 more"), std::string::npos) << warnings[0];
}

TEST_F(SettingsTest, DirectivesOfNginxWithoutAnEquivalentAreNamedInOneLine) {
  Settings settings = load({{"KONG_NGINX_HTTP_GZIP", "on"},
                            {"KONG_NGINX_PROXY_PROXY_BUFFERS", "8 8k"},
                            {"KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE", "8m"}});
  EXPECT_EQ(settings.warnings(),
            (std::vector<std::string>{"directives of nginx without an equivalent here have no "
                                      "effect: nginx_http_gzip, nginx_proxy_proxy_buffers"}));
}

TEST_F(SettingsTest, VariablesOfKubernetesAndOfImagesAreNotSettings) {
  Settings settings = load({{"KONG_PORT", "tcp://10.0.0.1:8000"},
                            {"KONG_PORT_8000_TCP", "tcp://10.0.0.1:8000"},
                            {"KONG_PORT_8000_TCP_ADDR", "10.0.0.1"},
                            {"KONG_PORT_8000_TCP_PROTO", "tcp"},
                            {"KONG_SERVICE_HOST", "10.0.0.1"},
                            {"KONG_SERVICE_PORT", "8000"},
                            {"KONG_SERVICE_PORT_PROXY", "8000"},
                            {"KONG_ADMIN_PORT", "tcp://10.0.0.1:8001"},
                            {"KONG_PG_SERVICE_HOST", "10.0.0.1"},
                            {"TOLLGATE_SERVICE_HOST", "10.0.0.1"},
                            {"KONG_VERSION", "3.10.0"}});
  EXPECT_EQ(settings.warnings(), std::vector<std::string>());
  EXPECT_NE(problem({{"KONG_PG_PORT", "tcp://10.0.0.1:5432"}}).find("enableServiceLinks: false"),
            std::string::npos);
}

TEST_F(SettingsTest, AFlagIsOnOrOff) {
  for (const char* on : {"on", "true", "ON", "True"}) {
    EXPECT_TRUE(load({{"KONG_PG_SSL", on}}).flag("pg_ssl")) << on;
  }
  for (const char* off : {"off", "false", "OFF", ""}) {
    EXPECT_FALSE(load({{"KONG_PG_SSL", off}}).flag("pg_ssl")) << off;
  }
  for (const char* neither : {"yes", "no", "1", "0", "enabled", "on,off", "\"on\""}) {
    EXPECT_EQ(problem({{"KONG_PG_SSL", neither}}),
              "pg_ssl is not a boolean: '" + std::string(neither) + "' (on, off, true, false)");
  }
}

TEST_F(SettingsTest, AnEmptyVariableIsTheDefault) {
  Settings settings = load({{"KONG_LOG_LEVEL", ""},
                            {"KONG_DATABASE", " "},
                            {"KONG_PG_PORT", ""},
                            {"KONG_PG_HOST", ""},
                            {"KONG_SSL_SESSION_TICKETS", ""},
                            {"KONG_HEADERS", ""}});
  EXPECT_EQ(settings.text("log_level"), "notice");
  EXPECT_EQ(settings.text("database"), "embedded");
  EXPECT_EQ(settings.number("pg_port"), 5432);
  EXPECT_EQ(settings.text("pg_host"), "127.0.0.1");
  EXPECT_TRUE(settings.flag("ssl_session_tickets"));
  EXPECT_TRUE(settings.list("headers").empty());
}

TEST_F(SettingsTest, OtherRolesThanTraditionalAreRefused) {
  for (const char* role : {"data_plane", "control_plane"}) {
    EXPECT_EQ(problem({{"KONG_ROLE", role}}),
              "role has an invalid value: '" + std::string(role) +
                  "' (traditional); hybrid mode is not supported yet: other roles are refused");
  }
  EXPECT_EQ(load({{"KONG_ROLE", "traditional"}}).warnings(), std::vector<std::string>());
}

TEST_F(SettingsTest, EntriesOfListsThatDoNotExistAreRefused) {
  for (auto [name, value, problemText] :
       {std::tuple{"KONG_HEADERS", "server_tokens, nonsense", "headers: invalid entry 'nonsense'"},
        std::tuple{"KONG_HEADERS_UPSTREAM", "x-other", "headers_upstream: invalid entry 'x-other'"},
        std::tuple{"KONG_DNS_RESOLVER", "nonsense", "dns_resolver: not an address"},
        std::tuple{"KONG_DNS_RESOLVER", "10.0.0.1:0", "dns_resolver: not an address"},
        std::tuple{"KONG_DNS_RESOLVER", "10.0.0.1:5x", "dns_resolver: not an address"},
        std::tuple{"KONG_DNS_RESOLVER", "[::1:53", "dns_resolver: not an address"},
        std::tuple{"KONG_DNS_ORDER", "LAST,MX", "dns_order: invalid entry 'MX'"},
        std::tuple{"KONG_SSL_PROTOCOLS", "TLSv1.2 TLSv9", "ssl_protocols: invalid entry 'TLSv9'"},
        std::tuple{"KONG_SSL_PROTOCOLS", "TLSv1.1", "ssl_protocols: none of 'TLSv1.1'"},
        std::tuple{"KONG_NGINX_PROXY_REAL_IP_RECURSIVE", "yes",
                   "nginx_proxy_real_ip_recursive is not a boolean: 'yes'"},
        std::tuple{"KONG_DRAIN_TIMEOUT", "-1", "drain_timeout must be 0 or greater: '-1'"}}) {
    EXPECT_EQ(problem({{name, value}}).find(problemText), 0u)
        << name << "=" << value << ": " << problem({{name, value}});
  }
  load({{"KONG_HEADERS", "off"},
        {"KONG_DNS_RESOLVER", "10.0.0.1, 10.0.0.1:53, ::1, [::1]:53, [::1]"},
        {"KONG_DNS_ORDER", "last,a,AAAA"}});
  load({{"KONG_HEADERS", "Server_Tokens, X-Kong-Upstream-Status"}});
}

TEST_F(SettingsTest, WhatAnotherSettingMakesIdleIsTold) {
  for (auto [name, value, warning] :
       {std::tuple{"KONG_SSL_PROTOCOLS", "TLSv1.1 TLSv1.2", "ssl_protocols: TLSv1.1 cannot be had"},
        std::tuple{"KONG_SSL_CIPHER_SUITE", "old", "ssl_cipher_suite = old is like"},
        std::tuple{"KONG_SSL_CIPHER_SUITE", "fips", "ssl_cipher_suite = fips is like"},
        std::tuple{"KONG_SSL_CIPHERS", "AES128-SHA", "ssl_ciphers has no effect"},
        std::tuple{"KONG_CLIENT_SSL_CERT", "/x", "client_ssl_cert has no effect"},
        std::tuple{"KONG_REAL_IP_HEADER", "X-Forwarded-For", "real_ip_header has no effect"},
        std::tuple{"KONG_PG_HOST", "db", "pg_host has no effect: database is 'embedded'"},
        std::tuple{"KONG_HEADERS", "Via", "headers: 'Via' has no effect"}}) {
    const auto warnings = load({{name, value}}).warnings();
    ASSERT_EQ(warnings.size(), 1u) << name;
    EXPECT_EQ(warnings[0].find(warning), 0u) << warnings[0];
  }
}

TEST_F(SettingsTest, TlsToTheDatabaseThatCanBeTakenAwayIsTold) {
  auto told = [&](Environment environment) {
    environment["KONG_DATABASE"] = "postgres";
    return load(environment).warnings();
  };
  EXPECT_EQ(told({{"KONG_PG_SSL", "on"}}).size(), 1u);
  EXPECT_EQ(told({{"KONG_PG_SSL", "on"}})[0].find("pg_ssl = on alone"), 0u);
  EXPECT_TRUE(told({{"KONG_PG_SSL", "on"}, {"KONG_PG_SSL_REQUIRED", "on"}}).empty());
  EXPECT_TRUE(told({{"KONG_PG_SSL", "on"}, {"KONG_PG_SSL_VERIFY", "on"}}).empty());
  EXPECT_EQ(told({{"KONG_PG_SSL_VERIFY", "on"}}),
            std::vector<std::string>{"pg_ssl_verify has no effect unless pg_ssl = on"});
}

TEST_F(SettingsTest, PluginsThatAreNotHereAreToldWithTheirHome) {
  const auto warnings =
      load({{"KONG_PLUGINS", "bundled, key-auth, acme, saml, my-own"}}).warnings();
  EXPECT_EQ(warnings,
            (std::vector<std::string>{
                "plugins: 'acme' is one of Kong's that is not here yet",
                "plugins: 'saml' is one of Kong Enterprise's, which is not here",
                "plugins: 'my-own' is not known here; plugins in Lua are not supported yet"}));
}

TEST_F(SettingsTest, AVariableThatNamesAFileGivesTheTextInIt) {
  write("s3cret \n\n");
  Environment environment{{"KONG_PG_PASSWORD_FILE", file_}};
  auto loaded = Settings::parse("pg_password = other", "", environment, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().text();
  EXPECT_EQ(loaded->text("pg_password"), "s3cret");
  // A setting of that name comes first: what it names is a path.
  EXPECT_EQ(
      Settings::parse("", "", {{"KONG_ADMIN_TOKENS_FILE", file_}}, {})->text("admin_tokens_file"),
      file_);
  EXPECT_EQ(Settings::parse("", "", {{"KONG_PG_PASSWORD_FILE", ""}, {"KONG_PG_PASSWORD", "x"}}, {})
                ->text("pg_password"),
            "x");
}

TEST_F(SettingsTest, AVariableThatNamesNoFileOrStandsBesideTheValueIsRefused) {
  auto refused = [](const Environment& environment) {
    auto loaded = Settings::parse("", "", environment, {});
    return loaded.ok() ? "" : loaded.error().text();
  };
  const std::string missing = refused({{"KONG_PG_PASSWORD_FILE", "/nowhere/secret"}});
  EXPECT_NE(missing.find("KONG_PG_PASSWORD_FILE"), std::string::npos) << missing;
  EXPECT_NE(missing.find("'/nowhere/secret': No such file"), std::string::npos) << missing;
  EXPECT_NE(refused({{"KONG_PG_PASSWORD_FILE", "/tmp"}}).find("it is a folder"), std::string::npos);
  write("s3cret");
  EXPECT_EQ(refused({{"KONG_PG_PASSWORD_FILE", file_}, {"KONG_PG_PASSWORD", "x"}}),
            "both KONG_PG_PASSWORD and KONG_PG_PASSWORD_FILE are set; set one of them");
}

TEST_F(SettingsTest, AFileMayBeginWithAByteOrderMarkAndEndItsLinesWithCrLf) {
  write("\xef\xbb\xbf# comment\r\nlog_level = info\r\nproxy_access_log = off # none\r\n\r\n");
  Settings settings = load();
  EXPECT_EQ(settings.text("log_level"), "info");
  EXPECT_EQ(settings.text("proxy_access_log"), "off");
}

std::string fileText(const std::string& path) {
  std::ifstream in(std::string(TOLLGATE_SOURCE_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(SettingsTable, IsThePageOfTheDocs) {
  EXPECT_EQ(fileText("docs/settings.md"), Settings::page())
      << "print it anew: tollgate settings > docs/settings.md";
}

TEST(SettingsTable, HasEveryNameOnceAndSaysWhatItIsAbout) {
  std::set<std::string> names;
  for (const SettingSpec& spec : Settings::specs()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_STRNE(spec.about, "") << spec.name;
    EXPECT_EQ(spec.type == SettingSpec::Type::kEnum, *spec.choices != '\0') << spec.name;
  }
}

TEST(SettingsTable, CallsSupportedOnlyWhatSomethingReads) {
  std::string code;
  const std::string root = std::string(TOLLGATE_SOURCE_DIR) + "/";
  for (const char* folder : {"source/server", "filters"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root + folder)) {
      const std::string name = entry.path().filename();
      if (!name.ends_with(".cc") && !name.ends_with(".h")) continue;
      if (name == "setting_specs.cc" || name == "setting_checks.cc") continue;
      code += fileText(entry.path().string().substr(root.size()));
    }
  }
  for (const SettingSpec& spec : Settings::specs()) {
    if (spec.support != SettingSpec::Support::kYes) continue;
    std::string name = spec.name;
    // Keys are read beside their certificates.
    if (name.ends_with("ssl_cert_key")) name.erase(name.size() - 4);
    EXPECT_NE(code.find('"' + name + '"'), std::string::npos) << spec.name;
  }
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
  for (const char* bad : {"8000", "0.0.0.0:99999", "0.0.0.0:80 fast", "::1:80", ":80", "[::1:80",
                          "a]b:80", "a[b:80", "[]:80", "a/b:80"}) {
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

TEST(Settings, ReferencesToSecretsAreResolvedAndKeptAsTheyAreWritten) {
  setenv("SETTINGS_TEST_PASSWORD", "hunter2", 1);
  setenv("SETTINGS_TEST_PORT", "nonsense", 1);
  auto settings = Settings::parse(
      "pg_password = {vault://env/settings-test-password}\n"
      "plugins = key-auth, {vault://env/password}\n"
      "vault_env_prefix = settings_test_\n"
      "pg_user = {vault://env/password}\n",
      "", {{"HOME", "/tmp"}, {"KONG_PG_PASSWORD", "{vault://env/password}"}}, {});
  ASSERT_TRUE(settings.ok()) << settings.error().text();
  EXPECT_EQ(settings->text("pg_password"), "hunter2");
  EXPECT_EQ(settings->text("pg_user"), "hunter2");
  EXPECT_EQ(settings->values().at("pg_user"), "{vault://env/password}");
  auto none =
      Settings::parse("pg_user = {vault://env/settings-test-none}", "", {{"HOME", "/tmp"}}, {});
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().text().find("for config option 'pg_user'"), std::string::npos);
  auto bad =
      Settings::parse("pg_port = {vault://env/settings-test-port}", "", {{"HOME", "/tmp"}}, {});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().text().find("nonsense"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::server
