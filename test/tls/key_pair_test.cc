#include "source/tls/key_pair.h"

#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

TEST(KeyPair, SelfSignedPairsAreWhatOpensslExpects) {
  TemporaryFolder folder;
  for (const KeyPair& pair : {ecdsa("gate.test"), rsa()}) {
    ASSERT_TRUE(checkKeyPair(pair).ok());
    std::string certificate = folder.write("c.pem", pair.certificatePem);
    folder.write("k.pem", pair.keyPem);
    std::string command =
        "cd " + folder.path() +
        " && openssl verify -x509_strict -purpose sslserver -CAfile c.pem c.pem >out 2>&1"
        " && openssl x509 -in c.pem -noout -text >>out 2>&1"
        " && openssl x509 -in c.pem -noout -checkend 630700000 >>out 2>&1"
        " && openssl pkey -in k.pem -check -noout >>out 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << folder.read("out");
    EXPECT_NE(folder.read("out").find("Version: 3"), std::string::npos);
  }
  EXPECT_NE(folder.read("out").find("DNS:localhost"), std::string::npos) << folder.read("out");
  EXPECT_TRUE(checkKeyPair(ecdsa("127.0.0.1")).ok());
  EXPECT_FALSE(generateSelfSigned(crypto::KeyType::kEcP256, "").ok());
  EXPECT_FALSE(generateSelfSigned(crypto::KeyType::kEcP256, "a,DNS:b").ok());
}

TEST(KeyPair, ErrorsSayWhatIsWrong) {
  KeyPair a = ecdsa("a.test"), b = ecdsa("b.test");
  auto message = [](const KeyPair& pair) {
    Status status = checkKeyPair(pair);
    return status.ok() ? "" : status.error().message;
  };
  EXPECT_EQ(message({a.certificatePem, b.keyPem}),
            "the private key does not belong to the certificate");
  EXPECT_EQ(message({a.certificatePem + b.certificatePem, b.keyPem}),
            "the private key belongs to certificate 2 of the chain; put that one first");
  EXPECT_EQ(message({a.certificatePem, rsa().keyPem}),
            "the private key does not belong to the certificate");
  EXPECT_EQ(message({"", a.keyPem}),
            "no certificate in PEM format found; expected a block \"CERTIFICATE\"");
  EXPECT_EQ(message({a.certificatePem, "nonsense"}),
            "no private key in PEM format found; expected a block \"PRIVATE KEY\"");
  std::string damaged = a.certificatePem;
  damaged.replace(damaged.size() / 2, 1, "!");
  EXPECT_EQ(message({damaged, a.keyPem}), "certificate 1 of the chain is damaged PEM");
  EXPECT_EQ(message({"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", a.keyPem}),
            "certificate 1 of the chain is malformed");
  EXPECT_EQ(message({a.certificatePem, std::string(2 << 20, 'x')}),
            "the private key is longer than 1 MiB");
}

TEST(KeyPair, KeysThatCannotBeServedAreRefused) {
  TemporaryFolder folder;
  auto made = [&](const std::string& options) {
    std::string command = "cd " + folder.path() + " && openssl req -x509 -subj /CN=x " + options +
                          " -keyout k.pem -out c.pem >log 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << folder.read("log");
    Status status = checkKeyPair({folder.read("c.pem"), folder.read("k.pem")});
    return status.ok() ? "" : status.error().message;
  };
  EXPECT_EQ(made("-nodes -newkey rsa:1024"),
            "the RSA key has 1024 bits; use 2048 to 8192, or an ECDSA key");
  EXPECT_EQ(made("-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-384"), "");
  EXPECT_EQ(made("-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-521"),
            "the curve of the key is not supported; use P-256 or P-384");
  EXPECT_NE(made("-nodes -newkey ed25519").find("not supported"), std::string::npos);
  EXPECT_NE(made("-passout pass:secret -newkey ec -pkeyopt ec_paramgen_curve:P-256")
                .find("encrypted; store it without a passphrase"),
            std::string::npos);
}

TEST(KeyPair, FilesAreReadAndErrorsNameThem) {
  TemporaryFolder folder;
  KeyPair pair = ecdsa();
  std::string certificate = folder.write("c.pem", pair.certificatePem);
  std::string key = folder.write("k.pem", pair.keyPem);
  auto read = readKeyPair(certificate, key);
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->keyPem, pair.keyPem);
  auto place = [&](const std::string& c, const std::string& k) {
    auto result = readKeyPair(c, k);
    return result.ok() ? "" : result.error().place;
  };
  EXPECT_EQ(place(folder / "none.pem", key), folder / "none.pem");
  EXPECT_EQ(place(certificate, folder / "none.pem"), folder / "none.pem");
  EXPECT_EQ(place(key, key), key);
  EXPECT_EQ(place(certificate, certificate), certificate);
  EXPECT_EQ(place(folder.path(), key), folder.path());
}

TEST(ServerContext, BadSettingsAreErrorsThatNameTheCulprit) {
  KeyPair good = ecdsa();
  auto error = [](ServerContext::Settings settings) {
    auto made = ServerContext::create(std::move(settings));
    return made.ok() ? "" : made.error().text();
  };
  EXPECT_EQ(error({}), "default certificate: a certificate with its private key is needed");
  EXPECT_EQ(error({.defaults = {good}, .named = {{{"a.test"}, {{"x", "y"}}}}}),
            "certificate of a.test: no certificate in PEM format found; expected a block "
            "\"CERTIFICATE\"");
  EXPECT_EQ(error({.defaults = {good}, .minVersion = "TLSv1.3", .maxVersion = "TLSv1.2"}),
            "TLS versions TLSv1.3 to TLSv1.2 are no range; use TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3");
  EXPECT_NE(
      error({.defaults = {good}, .ciphers = "NOPE"}).find("none of the ciphers is known: NOPE"),
      std::string::npos);
  EXPECT_NE(error({.defaults = {good}, .alpn = {""}}).find("application protocol"),
            std::string::npos);
}

TEST(ClientContext, BadSettingsAreErrors) {
  EXPECT_FALSE(ClientContext::create({.verify = true}).ok());
  EXPECT_FALSE(ClientContext::create({.verify = true, .trustedPem = "x"}).ok());
  EXPECT_FALSE(ClientContext::create(
                   {.verify = true, .verifyDepth = -1, .trustedPem = ecdsa().certificatePem})
                   .ok());
  EXPECT_FALSE(ClientContext::create({.clientCertificate = KeyPair{"x", "y"}}).ok());
}

}  // namespace
}  // namespace tollgate::tls::test
