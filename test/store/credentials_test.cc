#include "source/store/sealed/credentials.h"

#include "source/store/sealed/stored_form.h"

namespace tollgate::store {
namespace {

constexpr const char* kSecret = "a secret of thirty-two characters";
constexpr const char* kConsumer = "00000000-0000-4000-8000-000000000100";

Credentials::Options quick() {
  Credentials::Options options;
  options.passwordCost.logCost = 4;
  return options;
}

TEST(Credentials, NameTheirSecretWithoutTellingIt) {
  Credentials a(kSecret), same(kSecret), other("another one of thirty-two characters"), none("");
  EXPECT_EQ(a.secretId().size(), 16u);
  EXPECT_EQ(a.secretId(), same.secretId());
  EXPECT_NE(a.secretId(), other.secretId());
  EXPECT_EQ(none.secretId(), "");
}

/// What is in people's databases must be found for ever: computed with another program
/// (HKDF-SHA256, then HMAC-SHA256 of SHA-256).
TEST(Credentials, KeepTheFormOfDigests) {
  EXPECT_EQ(Credentials("").digest("k1"),
            "$tollgate$sha256$arnx6499M4j0-dWG9m6Z_VQIDfLERvDlhmiwnAihbdA");
  EXPECT_EQ(Credentials(kSecret).digest("k1"),
            "$tollgate$hmac-sha256$ca01b2c691f68705$1MZokpw_YIl-I9LfuJYWK0sdg8B7COfafHjxIahJv9w");
}

TEST(Credentials, FindAKeyByWhateverIsKeptOfIt) {
  Credentials keyed(kSecret), none("");
  auto wanted = keyed.lookupDigest("k1");
  EXPECT_EQ(keyed.lookupDigestOf(keyed.digest("k1")), wanted);
  EXPECT_EQ(keyed.lookupDigestOf(none.digest("k1")), wanted) << "written before there was a secret";
  EXPECT_EQ(keyed.lookupDigestOf("k1"), wanted) << "written as plain";
  EXPECT_EQ(keyed.strengthened(none.digest("k1")), keyed.digest("k1"));
  EXPECT_EQ(none.lookupDigestOf(none.digest("k1")), none.lookupDigest("k1"));
  EXPECT_NE(keyed.lookupDigest("k2"), wanted);
}

TEST(Credentials, FindNothingForAnotherSecretsDigest) {
  Credentials a(kSecret), b("another one of thirty-two characters"), none("");
  EXPECT_FALSE(b.lookupDigestOf(a.digest("k1")));
  EXPECT_FALSE(none.lookupDigestOf(a.digest("k1")));
  EXPECT_FALSE(a.lookupDigestOf(a.seal("x", "c").value()));
}

TEST(Credentials, AStoredFormIsNoKeyThatOpensAnything) {
  Credentials a(kSecret), none("");
  for (const Credentials* c : {&a, &none}) {
    std::string stored = c->digest("k1");
    EXPECT_NE(c->lookupDigest(stored), c->lookupDigest("k1"));
  }
}

TEST(Credentials, SealAndOpen) {
  Credentials a(kSecret), b("another one of thirty-two characters");
  std::string sealed = a.seal("hunter2", "jwt_secrets.secret").value();
  EXPECT_TRUE(sealed.starts_with("$tollgate$xchacha20-poly1305$" + a.secretId() + "$"));
  EXPECT_EQ(a.open(sealed, "jwt_secrets.secret").value(), "hunter2");
  EXPECT_EQ(a.open(sealed, "hmacauth_credentials.secret").error().kind, Error::Kind::kInvalid);
  EXPECT_EQ(b.open(sealed, "jwt_secrets.secret").error().kind, Error::Kind::kConflict);
  EXPECT_EQ(Credentials("").seal("hunter2", "c").value(), "hunter2");
}

TEST(Credentials, VerifyPasswordsInEveryForm) {
  Credentials c(kSecret, quick());
  // Kong's form, as recorded from it.
  std::string kongs = "f5bebdbfe7cb52d5039b5b6205b89622c0cfe499";
  EXPECT_EQ(c.sha1OfPassword("pw", kConsumer), kongs);
  std::string hashed = c.hashPassword("pw").value();
  EXPECT_NE(hashed, c.hashPassword("pw").value()) << "each has a salt of its own";
  std::string wrapped = c.hashSha1(kongs).value();
  for (const std::string& stored : {kongs, hashed, wrapped}) {
    EXPECT_TRUE(c.verifyPassword(stored, "pw", kConsumer)) << stored;
    EXPECT_FALSE(c.verifyPassword(stored, "pw2", kConsumer)) << stored;
    EXPECT_FALSE(c.verifyPassword(stored, "", kConsumer)) << stored;
  }
  EXPECT_FALSE(c.verifyPassword(wrapped, kongs, kConsumer)) << "the old form is no password";
  EXPECT_FALSE(c.verifyPassword(wrapped, "pw", "00000000-0000-4000-8000-000000000101"));
  EXPECT_TRUE(Credentials("").verifyPassword(hashed, "pw", kConsumer)) << "needs no secret";
}

TEST(Credentials, ARowCannotMakeVerificationTakeAllMemory) {
  Credentials c(kSecret);
  EXPECT_FALSE(c.verifyPassword("$tollgate$scrypt$24,32,16$c2FsdA$" + std::string(43, 'A'), "pw",
                                kConsumer));
}

TEST(StoredForm, IsReadAsItWasPrinted) {
  Credentials c(kSecret, quick());
  for (const std::string& text :
       {c.digest("a"), Credentials("").digest("a"), c.hashPassword("a").value(),
        c.hashSha1("a").value(), c.seal("a", "c").value(), store::sha1Form(std::string(40, 'a'))}) {
    auto form = StoredForm::parse(text);
    ASSERT_TRUE(form) << text;
    EXPECT_EQ(form->print(), text);
  }
}

TEST(StoredForm, IsNothingElse) {
  std::string good = Credentials(kSecret).digest("a");
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(StoredForm::parse(good.substr(0, cut))) << cut;
  }
  for (const char* text :
       {"", "$tollgate$", "$tollgate$md5$abc", "$tollgate$sha256$!", "$tollgate$sha256$YQ",
        "$tollgate$sha1$xyz", "$tollgate$scrypt$14,8$YQ$YQ", "$tollgate$scrypt$-1,8,1$YQ$YQ"}) {
    EXPECT_FALSE(StoredForm::parse(text)) << text;
  }
  EXPECT_FALSE(StoredForm::parse(good + "$"));
}

}  // namespace
}  // namespace tollgate::store
