#include "source/server/listener_set.h"

#include <gtest/gtest.h>

namespace tollgate::server {
namespace {

/// A set without workers: what is compiled and refused, without sockets.
class ListenerSetTest : public testing::Test {
 protected:
  static Json listener(const std::string& name, const std::string& bind) {
    return {{"name", name},
            {"bind", {bind}},
            {"backlog", 100},
            {"enabled", true},
            {"tags", nullptr},
            {"filter_chains",
             {{{"match", nullptr},
               {"filters",
                {{{"name", "http"},
                  {"config", {{"filters", {{{"name", "plugins"}}, {{"name", "router"}}}}}}}}}}}}};
  }
  ListenerSet::Compile compiler() {
    return [this](const node::v1::Listener& listener) {
      ++compiled_;
      return compileListener(listener, settings_, certificates_);
    };
  }
  void SetUp() override {
    auto loaded = Settings::load("", {{"HOME", "/tmp"}}, {});
    ASSERT_TRUE(loaded.ok());
    settings_ = std::move(loaded).value();
  }

  Settings settings_;
  DefaultCertificates certificates_;
  int compiled_ = 0;
  ListenerSet set_{compiler(), {*net::Address::parse("127.0.0.1", 8000)}, {}};
};

TEST_F(ListenerSetTest, CompilesOnlyWhatChanges) {
  ListenerSet::Documents documents = {{"1", listener("a", "127.0.0.1:9001")},
                                      {"2", listener("b", "127.0.0.1:9002")}};
  for (const auto& [id, problem] : set_.follow(documents)) EXPECT_FALSE(problem.has_value()) << id;
  EXPECT_EQ(compiled_, 2);
  documents["1"]["tags"] = {"x"};
  documents["2"]["backlog"] = 200;
  set_.follow(documents);
  EXPECT_EQ(compiled_, 3) << "tags are no part of the plan, the backlog is";
}

TEST_F(ListenerSetTest, OneThatCannotRunIsNamedAndLeavesTheOthers) {
  ListenerSet::Documents documents = {{"1", listener("a", "somewhere")},
                                      {"2", listener("b", "127.0.0.1:9002")}};
  auto problems = set_.follow(documents);
  ASSERT_TRUE(problems["1"].has_value());
  EXPECT_EQ(problems["1"]->place, "listener 1");
  EXPECT_NE(problems["1"]->message.find("bind[0]"), std::string::npos);
  EXPECT_FALSE(problems["2"].has_value());
}

TEST_F(ListenerSetTest, AnAddressBelongsToOneListener) {
  set_.follow({{"1", listener("a", "127.0.0.1:9001")}});
  EXPECT_EQ(set_.check("2", listener("b", "127.0.0.1:9001")).error().text(),
            "bind: 127.0.0.1:9001 belongs to the listener 'a'");
  EXPECT_TRUE(set_.check("1", listener("a", "127.0.0.1:9001")).ok()) << "its own";
  EXPECT_EQ(set_.check("2", listener("b", "127.0.0.1:8000")).error().place, "bind");
  EXPECT_FALSE(set_.check("2", listener("b", "127.0.0.1:0")).ok());
  Json twice = listener("b", "127.0.0.1:9003");
  twice["bind"].push_back("127.0.0.1:9003");
  EXPECT_FALSE(set_.check("2", twice).ok());
}

TEST_F(ListenerSetTest, TellsNothingOfTheFilesOfTheNode) {
  auto answerFor = [&](const char* file) {
    Json doc = listener("a", "127.0.0.1:9001");
    doc["filter_chains"][0]["filters"][0]["config"]["filters"] = {
        {{"name", "admin-auth"}, {"config", {{"tokens_file", file}}}}, {{"name", "router"}}};
    return set_.check("1", doc).error().text();
  };
  const std::string there = answerFor("/etc/passwd");
  EXPECT_EQ(there, answerFor("/no/such/file"));
  EXPECT_EQ(compiled_, 0);
}

TEST_F(ListenerSetTest, ADisabledOneTakesNoAddress) {
  Json off = listener("a", "127.0.0.1:9001");
  off["enabled"] = false;
  set_.follow({{"1", off}});
  EXPECT_EQ(compiled_, 0);
  set_.follow({{"1", off}, {"2", listener("b", "127.0.0.1:9001")}});
  EXPECT_EQ(compiled_, 1);
}

TEST_F(ListenerSetTest, TheAdminApiIsNoneOfThem) {
  Json admin = listener("a", "127.0.0.1:9001");
  admin["filter_chains"][0]["filters"][0]["config"] = {{"filters", {{{"name", "admin-api"}}}}};
  EXPECT_EQ(set_.check("1", admin).error().place, "filter_chains[0].filters");
}

}  // namespace
}  // namespace tollgate::server
