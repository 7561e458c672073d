#include <set>
#include <string>

#include "source/admin/deadline_store.h"
#include "source/admin/paging.h"
#include "source/crypto/base64.h"
#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

TEST_F(ApiTest, PrintsAnEmptyCollectionWithoutAnOffset) {
  EXPECT_EQ(send("GET", "/services").body, R"({"data":[],"next":null})");
}

TEST_F(ApiTest, PagesThroughACollectionWithoutLossOrRepetition) {
  std::set<std::string> made, seen;
  for (int i = 0; i < 7; ++i) {
    made.insert(create("/services", {{"host", "h"}, {"tags", {"a b"}}})["id"].get<std::string>());
  }
  std::string target = "/services?size=3&tags=a%20b";
  int pages = 0;
  while (true) {
    const Json page = get(target);
    ++pages;
    for (const auto& row : page["data"]) seen.insert(row["id"].get<std::string>());
    if (page["next"].is_null()) {
      EXPECT_FALSE(page.contains("offset"));
      break;
    }
    target = page["next"].get<std::string>();
    EXPECT_EQ(target,
              "/services?offset=" + page["offset"].get<std::string>() + "&tags=a%20b&size=3");
    ASSERT_EQ(page["data"].size(), 3u);
  }
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen, made);
}

TEST_F(ApiTest, DropsSizeAndTagsFromTheNextPageOfANestedCollection) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  for (int i = 0; i < 3; ++i) create("/services/s/routes", {{"paths", {"/"}}});
  const Json page = get("/services/s/routes?size=2&tags=none");
  EXPECT_EQ(page["data"].size(), 2u);
  EXPECT_EQ(page["next"], "/services/s/routes?offset=" + page["offset"].get<std::string>());
  EXPECT_EQ(get(page["next"].get<std::string>())["data"].size(), 1u);
}

TEST_F(ApiTest, RefusesASizeOrOffsetThatIsNone) {
  const std::pair<const char*, const char*> cases[] = {
      {"size=x", "size must be a number"},
      {"size=", "size must be a number"},
      {"size=0", "size must be an integer between 1 and 1000"},
      {"size=1001", "size must be an integer between 1 and 1000"},
      {"size=1.5", "size must be an integer between 1 and 1000"},
      {"size=nan", "size must be an integer between 1 and 1000"},
      {"offset=%25%25", "'%%' is not a valid offset: bad base64 encoding"},
      {"offset=eA", "'eA' is not a valid offset: bad json encoding"},
      {"offset=WzFd", "'WzFd' is not a valid offset: bad json encoding"}};
  for (const auto& [query, text] : cases) {
    Response refused = send("GET", std::string("/services?") + query);
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(message(refused), text) << query;
    EXPECT_FALSE(json(refused).contains("fields")) << query;
  }
  EXPECT_EQ(status("GET", "/services?size=1000"), 200);
}

TEST_F(ApiTest, FiltersByAllOrAnyOfTheTags) {
  create("/services", {{"name", "ab"}, {"host", "h"}, {"tags", {"a", "b"}}});
  create("/services", {{"name", "b"}, {"host", "h"}, {"tags", {"b"}}});
  create("/services", {{"name", "none"}, {"host", "h"}});
  auto count = [&](const std::string& filter) {
    return get("/services?tags=" + filter)["data"].size();
  };
  EXPECT_EQ(count("a,b"), 1u);
  EXPECT_EQ(count("b,b"), 2u);
  EXPECT_EQ(count("a/b"), 2u);
  EXPECT_EQ(count("b"), 2u);
  EXPECT_EQ(count("c"), 0u);
  EXPECT_EQ(count("a&tags=c"), 1u);
  const std::pair<const char*, const char*> bad[] = {
      {"", "cannot be null"},
      {"a,b/c", "invalid filter syntax"},
      {"a,b,c,d,e,f", "cannot query more than 5 tags"}};
  for (const auto& [filter, why] : bad) {
    Response refused = send("GET", std::string("/services?tags=") + filter);
    EXPECT_EQ(refused.status, 400) << filter;
    EXPECT_EQ(json(refused), Json({{"code", 11},
                                   {"name", "invalid options"},
                                   {"message", std::string("invalid option (tags: ") + why + ")"},
                                   {"options", {{"tags", why}}}}));
  }
}

TEST_F(ApiTest, ATagThatIsLeftOutAtTheEndIsOneThatNothingHas) {
  create("/services", {{"host", "h"}, {"tags", {"even"}}});
  EXPECT_EQ(get("/services?tags=even,")["data"], Json::array());
  EXPECT_EQ(get("/services?tags=even/")["data"].size(), 1u);
  for (const char* tags : {",", ",even", "even,,odd", "/"}) {
    EXPECT_EQ(status("GET", std::string("/services?tags=") + tags), 400) << tags;
  }
}

TEST_F(ApiTest, AnEmptyOffsetIsNone) {
  for (const char* path : {"/services?offset=", "/tags?offset="}) {
    Response refused = send("GET", path);
    EXPECT_EQ(refused.status, 400) << path;
    EXPECT_EQ(json(refused)["code"], 7) << path;
  }
  create("/upstreams", {{"name", "u"}});
  EXPECT_EQ(json(send("GET", "/upstreams/u/targets?offset="))["code"], 7);
}

TEST_F(ApiTest, TagsAreNotWrittenByThemselves) {
  Response refused = sendJson("POST", "/tags", Json::object());
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json(refused)["code"], 2);
  EXPECT_EQ(json(refused)["fields"]["tag"], "required field missing");
  EXPECT_EQ(sendJson("POST", "/tags", {{"tag", "a"}, {"entity_name", "services"}}).status, 400);
}

TEST_F(ApiTest, ListsWhichEntityHasWhichTag) {
  Json service = create("/services", {{"host", "h"}, {"tags", {"a", "b"}}});
  Json consumer = create("/consumers", {{"username", "u"}, {"tags", {"b"}}});
  EXPECT_EQ(
      get("/tags/a")["data"],
      Json::array({{{"tag", "a"}, {"entity_name", "services"}, {"entity_id", service["id"]}}}));
  EXPECT_EQ(get("/tags/b")["data"].size(), 2u);
  EXPECT_EQ(get("/tags/none"), Json({{"data", Json::array()}, {"next", nullptr}}));
  std::multiset<std::string> seen;
  std::string target = "/tags?size=1";
  for (int page = 0; page < 3; ++page) {
    const Json body = get(target);
    ASSERT_EQ(body["data"].size(), 1u);
    seen.insert(body["data"][0]["entity_name"].get<std::string>() + "/" +
                body["data"][0]["tag"].get<std::string>());
    if (page == 2) {
      EXPECT_EQ(body["next"], nullptr);
    } else {
      target = body["next"].get<std::string>();
      EXPECT_TRUE(target.ends_with("&size=1")) << target;
    }
  }
  EXPECT_EQ(seen, (std::multiset<std::string>{"services/a", "services/b", "consumers/b"}));
  EXPECT_EQ(json(send("GET", "/tags/%ff"))["code"], 10);
  EXPECT_EQ(status("PUT", "/tags"), 405);
}

TEST_F(ApiTest, FindsAConsumerByCustomId) {
  create("/consumers", {{"username", "u"}, {"custom_id", "c 1"}});
  EXPECT_EQ(get("/consumers?custom_id=c%201")["data"].size(), 1u);
  EXPECT_EQ(get("/consumers?custom_id=x"), Json({{"data", Json::array()}, {"next", nullptr}}));
  Response empty = send("GET", "/consumers?custom_id=");
  EXPECT_EQ(empty.status, 400);
  EXPECT_EQ(message(empty), "custom_id must be an unempty string");
}

TEST_F(ApiTest, AReadOfManyPagesEndsAtItsDeadline) {
  create("/services", {{"host", "h"}});
  DeadlineStore store(context_.store(), std::chrono::milliseconds(0));
  EXPECT_TRUE(store.list("services", {}).ok());  // no call has begun
  store.begin();
  while (store.list("services", {}).ok()) {
  }
  EXPECT_NE(store.get("services", "x").error().message.find("admin_call_timeout"),
            std::string::npos);
}

TEST(Paging, ReadsBackTheOffsetsItWrites) {
  for (std::string id : {"", "a", "ab", "abc", "~~~+++>>>"}) {
    const std::string offset = encodeOffset(Json::array({id}));
    EXPECT_EQ(crypto::decodeAnyBase64(offset).value(), Json::array({id}).dump());
  }
}

}  // namespace
}  // namespace tollgate::admin
