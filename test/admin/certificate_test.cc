#include "source/base/hex.h"
#include "test/admin/support.h"
#include "test/support/certificates.h"

namespace tollgate::admin {
namespace {

constexpr char kMissing[] = "99999999-2222-4333-8444-555555555555";

class CertificateTest : public ApiTest {
 protected:
  Json pair(const std::string& name) {
    return test::withPem({{"cert", "cert EC " + name}, {"key", "key EC " + name}});
  }
  Json add(const std::string& name, const Json& snis) {
    Json body = pair(name);
    if (!snis.is_null()) body["snis"] = snis;
    return create("/certificates", body);
  }
};

TEST_F(CertificateTest, ServerNamesAreWrittenWithTheCertificateInOneRevision) {
  const store::Revision before = context_.store().revision().value();
  Json made = add("a", {"b.test", "a.test"});
  EXPECT_EQ(made["snis"], Json({"a.test", "b.test"}));
  EXPECT_EQ(context_.store().revision().value(), before + 1);
  const std::string path = "/certificates/" + made["id"].get<std::string>();
  EXPECT_EQ(get(path), made);
  EXPECT_EQ(get("/certificates")["data"][0]["snis"], made["snis"]);
  EXPECT_EQ(get(path + "/snis")["data"].size(), 2u);
  EXPECT_EQ(get("/snis/a.test")["certificate"], Json({{"id", made["id"]}}));

  Json kept = json(sendJson("PATCH", path, {{"tags", {"t"}}}));
  EXPECT_EQ(kept["snis"], made["snis"]);
  const auto id = get("/snis/b.test")["id"].get<std::string>();
  Json patched = json(sendJson("PATCH", path, {{"snis", {"b.test", "c.test"}}}));
  EXPECT_EQ(patched["snis"], Json({"b.test", "c.test"}));
  EXPECT_EQ(get("/snis/b.test")["id"], id);
  EXPECT_EQ(status("GET", "/snis/a.test"), 404);
  Json put = json(sendJson("PUT", path, pair("b")));
  EXPECT_EQ(put["snis"], Json::array());
  EXPECT_EQ(get("/snis")["data"], Json::array());
}

/// A value of a form, with each byte that means something there escaped.
std::string formOf(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (isalnum(static_cast<unsigned char>(c))) {
      out += c;
    } else {
      out += "%" + toHex({&c, 1});
    }
  }
  return out;
}

TEST_F(CertificateTest, OneNameInAFormIsAList) {
  Response made = sendForm("POST", "/certificates",
                           "cert=" + formOf(test::pemOf("cert EC a")) +
                               "&key=" + formOf(test::pemOf("key EC a")) + "&snis=a.test");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json(made)["snis"], Json({"a.test"}));
  const std::string path = "/certificates/" + json(made)["id"].get<std::string>();
  EXPECT_EQ(json(sendForm("PATCH", path, "snis="))["snis"], Json::array());
}

TEST_F(CertificateTest, NamesMayComeAsOneText) {
  EXPECT_EQ(add("a", "a.test,b.test")["snis"], Json({"a.test", "b.test"}));
  EXPECT_EQ(add("b", "c.test")["snis"], Json({"c.test"}));
}

TEST_F(CertificateTest, RefusesANameThatIsNoneLikeOneInAPath) {
  Json body = pair("a");
  body["snis"] = {"bad name"};
  Response refused = sendJson("POST", "/certificates", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json(refused)["code"], 10);
  EXPECT_EQ(json(refused)["name"], "invalid unique name");
}

TEST_F(CertificateTest, EqualPutsOfTwoNodesByAServerNameBothSucceed) {
  const Json body = pair("a");
  context_.beforeCommit = [&] {
    EXPECT_EQ(sendJson("PUT", "/certificates/a.test", body).status, 200);
  };
  Response second = sendJson("PUT", "/certificates/a.test", body);
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(get("/certificates")["data"].size(), 1u);
  EXPECT_EQ(json(second)["snis"], Json({"a.test"}));
}

TEST_F(CertificateTest, TakesManyNamesInLinearTime) {
  Json names = Json::array();
  for (int i = 0; i < 2000; ++i) names.push_back("n" + std::to_string(i) + ".test");
  Json made = add("a", names);
  EXPECT_EQ(made["snis"].size(), 2000u);
  names.push_back("n0.test");
  Json body = pair("b");
  body["snis"] = names;
  EXPECT_EQ(message(sendJson("POST", "/certificates", body)),
            "schema violation (snis: n0.test is duplicated)");
}

TEST_F(CertificateTest, RefusesNamesThatOccurTwiceOrBelongToAnother) {
  const auto owner = add("a", {"a.test"})["id"].get<std::string>();
  Json body = pair("b");
  body["snis"] = {"b.test", "b.test"};
  Response twice = sendJson("POST", "/certificates", body);
  EXPECT_EQ(twice.status, 400);
  EXPECT_EQ(message(twice), "schema violation (snis: b.test is duplicated)");
  body["snis"] = {"a.test"};
  Response taken = sendJson("POST", "/certificates", body);
  EXPECT_EQ(taken.status, 400);
  EXPECT_EQ(json(taken)["code"], 2);
  EXPECT_EQ(message(taken),
            "schema violation (snis: a.test already associated with existing "
            "certificate '" +
                owner + "')");
  body["snis"] = {"c.test", "1.2.3.4"};
  Response wrong = sendJson("POST", "/certificates", body);
  EXPECT_EQ(
      json(wrong),
      Json::parse(R"({"code":10,"name":"invalid unique name","message":"must not be an IP"})"));
  EXPECT_EQ(get("/certificates")["data"].size(), 1u);
}

TEST_F(CertificateTest, IsFoundByAServerName) {
  Json made = add("a", {"a.test"});
  EXPECT_EQ(get("/certificates/a.test"), made);
  Response unknown = send("GET", "/certificates/b.test");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"message":"SNI not found"})");
  EXPECT_EQ(sendJson("PATCH", "/certificates/b.test", Json::object()).status, 404);
  EXPECT_EQ(send("DELETE", "/certificates/b.test").status, 404);
  Response missing = send("GET", std::string("/certificates/") + kMissing);
  EXPECT_EQ(json(missing)["code"], 6);
  EXPECT_EQ(send("DELETE", std::string("/certificates/") + kMissing).status, 204);

  Json put = json(sendJson("PUT", "/certificates/a.test", pair("b")));
  EXPECT_EQ(put["id"], made["id"]);
  EXPECT_EQ(put["snis"], Json({"a.test"}));
  Json fresh = json(sendJson("PUT", "/certificates/new.test", pair("c")));
  EXPECT_NE(fresh["id"], made["id"]);
  EXPECT_EQ(fresh["snis"], Json({"new.test"}));
}

TEST_F(CertificateTest, DeletingItTakesItsNamesAndIsRefusedWhileAServiceUsesIt) {
  const auto id = add("a", {"a.test"})["id"].get<std::string>();
  create("/services", {{"name", "s"}, {"url", "https://h"}, {"client_certificate", {{"id", id}}}});
  EXPECT_EQ(get("/services/s/client_certificate")["snis"], Json({"a.test"}));
  EXPECT_EQ(get("/certificates/a.test/services")["data"][0]["name"], "s");
  Response refused = send("DELETE", "/certificates/" + id);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json(refused)["fields"], Json({{"@referenced_by", "services"}}));
  EXPECT_EQ(status("GET", "/snis/a.test"), 200);
  sendJson("PATCH", "/services/s", {{"client_certificate", nullptr}});
  EXPECT_EQ(status("DELETE", "/certificates/a.test"), 204);
  EXPECT_EQ(status("GET", "/snis/a.test"), 404);
}

TEST_F(CertificateTest, SnisHaveAConflictAndNoSingularPath) {
  const auto id = add("a", {"a.test"})["id"].get<std::string>();
  Response taken = sendJson("POST", "/snis", {{"name", "a.test"}, {"certificate", {{"id", id}}}});
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(json(taken)["code"], 5);
  EXPECT_EQ(status("GET", "/snis/a.test/certificate"), 404);
  EXPECT_EQ(message(sendJson("PUT", "/snis/b.test", Json::object())),
            "schema violation (certificate: required field missing)");
}

TEST_F(CertificateTest, AnAuthorityInUseCannotBeDeleted) {
  const Json authority = test::withPem({{"cert", "cert EC a ca"}});
  const auto id = create("/ca_certificates", authority)["id"].get<std::string>();
  EXPECT_EQ(sendJson("POST", "/ca_certificates", authority).status, 409);
  const auto service = create("/services", {{"name", "s"},
                                            {"url", "https://h"},
                                            {"tls_verify", true},
                                            {"ca_certificates", {id}}})["id"]
                           .get<std::string>();
  Response refused = send("DELETE", "/ca_certificates/" + id);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json(refused),
            Json({{"code", 19},
                  {"name", "referenced by others"},
                  {"message", "ca certificate " + id +
                                  " is still referenced by services (id = " + service + ")"}}));
  EXPECT_EQ(status("DELETE", "/services/s"), 204);
  EXPECT_EQ(status("DELETE", "/ca_certificates/" + id), 204);
  Response byName = send("GET", "/ca_certificates/name");
  EXPECT_EQ(json(byName)["code"], 1);
}

}  // namespace
}  // namespace tollgate::admin
