// OpenSSL's s_client and s_server as the other side.
#include <fcntl.h>

#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

/// A program whose output is collected while the test's loop runs; its input stays open.
class Process {
 public:
  explicit Process(const std::string& command) {
    int out[2], in[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(in, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(out[1], 2);
      std::string line = "exec " + command;
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    ::close(in[0]);
    output_ = out[0];
    input_ = in[1];
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
    ::close(input_);
  }
  bool type(std::string_view text) const {
    return ::write(input_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  /// False once it has ended.
  bool poll() {
    char bytes[4096];
    while (true) {
      ssize_t got = ::read(output_, bytes, sizeof bytes);
      if (got <= 0) return got < 0 && errno == EAGAIN;
      text_.append(bytes, static_cast<size_t>(got));
    }
  }
  const std::string& text() const { return text_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1, input_ = -1;
  std::string text_;
};

class OpensslTest : public TlsTest {
 protected:
  OpensslTest() {
    greet_ = [](Peer& peer) {
      peer.send("hello from the server\n");
      peer.connection().close(net::Connection::Close::kAfterFlush, "served");
    };
  }

  /// What s_client prints with these options, until it ends.
  std::string sClient(const std::string& options) {
    accepted_.clear();
    Process process("openssl s_client -ign_eof -connect " + listener_->address().toString() + " " +
                    options);
    EXPECT_TRUE(until([&] { return !process.poll(); })) << process.text();
    return process.text();
  }
  std::string serverReason() {
    EXPECT_TRUE(until([&] { return !accepted_.empty() && accepted_[0]->closed; }));
    return accepted_.empty() ? "" : accepted_[0]->reason;
  }
  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }

  TemporaryFolder folder_;
};

#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << text

TEST_F(OpensslTest, ServesBothVersionsAndBothKeys) {
  serve({.defaults = {rsa(), ecdsa()}});
  for (std::string version : {"-tls1_2", "-tls1_3"}) {
    std::string text = sClient(version);
    EXPECT_HAS(text, "hello from the server");
    EXPECT_HAS(text, "Peer signature type: ECDSA");
    EXPECT_HAS(text, "Server Temp Key: X25519");
    EXPECT_EQ(serverReason(), "served");
    text = sClient(version + " -sigalgs RSA-PSS+SHA256:RSA+SHA256");
    EXPECT_HAS(text, "hello from the server");
    EXPECT_HAS(text, "Peer signature type: RSA-PSS");
  }
  // Can verify ECDSA, but has no suite of TLS 1.2 for it.
  std::string text = sClient("-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_HAS(text, "hello from the server");
  EXPECT_HAS(text, "Cipher    : ECDHE-RSA-AES128-GCM-SHA256");
}

TEST_F(OpensslTest, ADefaultPairThatComesLaterServesFromThenOn) {
  serve({.defaults = {ecdsa()}});
  const std::string onlyRsa = "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256";
  EXPECT_FALSE(has(sClient(onlyRsa), "hello from the server"));
  ASSERT_TRUE(server_->addDefault(rsa()).ok());
  EXPECT_TRUE(has(sClient(onlyRsa), "hello from the server"));
  EXPECT_TRUE(has(sClient("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256"), "hello from"));
  KeyPair broken = rsa();
  broken.keyPem = ecdsa().keyPem;
  EXPECT_FALSE(server_->addDefault(broken).ok());
  EXPECT_TRUE(has(sClient(onlyRsa), "hello from the server"));
}

TEST_F(OpensslTest, ChoosesTheCertificateByServerName) {
  serve({.defaults = {ecdsa("default.test")},
         .named = {{{"A.test"}, {ecdsa("a.test")}},
                   {{"*.b.test", "b.*"}, {ecdsa("wild-b.test"), rsa()}},
                   {{"a.test", "c.test"}, {ecdsa("second.test")}}}});
  auto subject = [&](const std::string& options) {
    std::string text = sClient(options);
    size_t at = text.find("subject=");
    return at == std::string::npos ? text : text.substr(at, text.find('\n', at) - at);
  };
  EXPECT_EQ(subject("-servername a.test"), "subject=O = Tollgate, CN = a.test");
  EXPECT_EQ(subject("-servername A.TEST"), "subject=O = Tollgate, CN = a.test");
  EXPECT_EQ(subject("-servername x.b.test"), "subject=O = Tollgate, CN = wild-b.test");
  EXPECT_EQ(subject("-servername x.b.test -sigalgs RSA-PSS+SHA256"),
            "subject=O = Tollgate, CN = localhost");
  EXPECT_EQ(subject("-servername x.y.b.test"), "subject=O = Tollgate, CN = default.test");
  EXPECT_EQ(subject("-servername b.test"), "subject=O = Tollgate, CN = wild-b.test");
  EXPECT_EQ(subject("-servername c.test"), "subject=O = Tollgate, CN = second.test");
  EXPECT_EQ(subject("-servername nobody.test"), "subject=O = Tollgate, CN = default.test");
  EXPECT_EQ(subject("-noservername"), "subject=O = Tollgate, CN = default.test");
}

TEST_F(OpensslTest, AgreesOnTheApplicationProtocolByItsOwnPreference) {
  serve({.defaults = {ecdsa()}});
  EXPECT_HAS(sClient("-alpn http/1.1,h2"), "ALPN protocol: h2");
  EXPECT_HAS(sClient("-alpn http/1.1"), "ALPN protocol: http/1.1");
  EXPECT_HAS(sClient(""), "No ALPN negotiated");
  EXPECT_HAS(sClient("-alpn smtp"), "no application protocol");
}

TEST_F(OpensslTest, ResumesByTicketAcrossNamesAndConnections) {
  serve({.defaults = {ecdsa()}, .named = {{{"a.test"}, {ecdsa("a.test")}}}});
  for (std::string version : {"-tls1_2", "-tls1_3"}) {
    std::string session = folder_ / ("session" + version);
    EXPECT_HAS(sClient(version + " -servername a.test -sess_out " + session), "New, TLSv1");
    std::string text = sClient(version + " -servername a.test -sess_in " + session);
    EXPECT_HAS(text, "Reused, TLSv1");
    EXPECT_HAS(text, "hello from the server");
  }
}

TEST_F(OpensslTest, RefusesWhatIsBelowTheMinimumVersion) {
  serve({.defaults = {ecdsa()}});
  for (std::string version : {"-tls1", "-tls1_1"}) {
    std::string text = sClient(version + " -cipher ALL:@SECLEVEL=0");
    EXPECT_HAS(text, "alert protocol version");
    EXPECT_EQ(serverReason(), "tls: no protocol version in common");
  }
  serve({.defaults = {ecdsa()}, .minVersion = "TLSv1"});
  EXPECT_HAS(sClient("-tls1 -cipher ALL:@SECLEVEL=0"), "hello from the server");
  serve({.defaults = {ecdsa()}, .minVersion = "TLSv1.3"});
  EXPECT_HAS(sClient("-tls1_2"), "alert protocol version");
}

TEST_F(OpensslTest, HonoursTheCipherList) {
  serve({.defaults = {rsa()}, .ciphers = "DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"});
  EXPECT_HAS(sClient("-tls1_2"), "Cipher    : ECDHE-RSA-AES256-GCM-SHA384");
  sClient("-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_EQ(serverReason(), "tls: no cipher suite in common");
}

TEST_F(OpensslTest, AnswersAKeyUpdateAndRefusesRenegotiation) {
  greet_ = nullptr;
  serve({.defaults = {ecdsa()}});
  // Single letters are commands to s_client.
  auto command = [&](Process& process, const char* letter, const char* echo) {
    process.type("one\n");
    ASSERT_TRUE(until([&] {
      process.poll();
      return !accepted_.empty() && accepted_[0]->received == "one\n";
    })) << process.text();
    process.type(letter);
    ASSERT_TRUE(until([&] {
      process.poll();
      return has(process.text(), echo);
    })) << process.text();
  };
  std::string client = "openssl s_client -connect " + listener_->address().toString();
  Process update(client + " -tls1_3");
  command(update, "K\n", "KEYUPDATE");
  update.type("two\n");
  ASSERT_TRUE(until([&] { return accepted_[0]->received == "one\ntwo\n"; }));
  accepted_[0]->send("after the update");
  EXPECT_TRUE(until([&] {
    update.poll();
    return has(update.text(), "after the update");
  })) << update.text();
  accepted_.clear();
  Process again(client + " -tls1_2");
  command(again, "R\n", "RENEGOTIATING");
  ASSERT_TRUE(until([&] { return accepted_[0]->closed; }));
  EXPECT_EQ(accepted_[0]->received, "one\n");
  EXPECT_EQ(accepted_[0]->reason, "tls: the peer asked for renegotiation");
}

/// A root, an intermediate and leaves signed by it, made by OpenSSL.
class Authority {
 public:
  Authority() {
    folder_.write("ca.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n");
    folder_.write("leaf.ext", "subjectAltName=DNS:up.test,DNS:*.wild.test,IP:127.0.0.1\n");
    run("req -x509 $E -keyout root.key -out root.pem -subj /CN=root -days 30");
    request("middle", "middle");
    run("x509 -req -in middle.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 "
        "-extfile ca.ext -out middle.pem");
    request("leaf", "up.test");
    run("x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 30 "
        "-extfile leaf.ext -out leaf.pem");
    request("direct", "up.test");
    run("x509 -req -in direct.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 "
        "-extfile leaf.ext -out direct.pem");
    request("old", "up.test");
    run("x509 -req -in old.csr -CA root.pem -CAkey root.key -CAcreateserial -days -1 "
        "-extfile leaf.ext -out old.pem");
  }
  std::string root() const { return folder_.read("root.pem"); }
  KeyPair leaf() const {
    return {folder_.read("leaf.pem") + folder_.read("middle.pem"), folder_.read("leaf.key")};
  }
  KeyPair direct() const { return {folder_.read("direct.pem"), folder_.read("direct.key")}; }
  KeyPair expired() const { return {folder_.read("old.pem"), folder_.read("old.key")}; }
  std::string path(std::string_view name) const { return folder_ / name; }

 private:
  void request(const std::string& name, const std::string& subject) {
    run("req $E -keyout " + name + ".key -out " + name + ".csr -subj /CN=" + subject);
  }
  void run(const std::string& arguments) {
    std::string command = "cd " + folder_.path() +
                          " && E='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' && openssl " +
                          arguments + " >> log 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << folder_.read("log");
  }
  TemporaryFolder folder_;
};

struct VerifyCase {
  const char* what;
  std::string name;
  int depth;
  bool trusted;
  std::string reason;  ///< "" for success.
};

TEST_F(OpensslTest, TheClientVerifiesTheServer) {
  Authority authority;
  serve({.defaults = {authority.leaf()}});
  const VerifyCase cases[] = {
      {"exact name", "up.test", 1, true, ""},
      {"wildcard", "x.wild.test", 1, true, ""},
      {"IP address", "127.0.0.1", 1, true, ""},
      {"no name", "", 1, true, ""},
      {"other name", "down.test", 1, true, "tls: the peer's certificate is for another name"},
      {"other IP", "127.0.0.2", 1, true, "tls: the peer's certificate is for another name"},
      {"two labels", "x.y.wild.test", 1, true, "tls: the peer's certificate is for another name"},
      {"depth", "up.test", 0, true,
       "tls: the peer's certificate has no trusted issuer within the verify depth"},
      {"issuer", "up.test", 1, false,
       "tls: the peer's certificate has no trusted issuer within the verify depth"},
  };
  for (const VerifyCase& one : cases) {
    accepted_.clear();
    auto context =
        clientContext({.verify = true,
                       .verifyDepth = one.depth,
                       .trustedPem = one.trusted ? authority.root() : ecdsa().certificatePem});
    connect(*context, one.name);
    EXPECT_TRUE(until([&] { return client_->connected || client_->closed; })) << one.what;
    EXPECT_EQ(client_->reason, one.reason) << one.what;
    EXPECT_EQ(client_->connected, one.reason.empty()) << one.what;
    if (!one.reason.empty()) {
      EXPECT_TRUE(serverReason().starts_with("tls: the peer")) << serverReason();
    }
  }
  serve({.defaults = {authority.direct()}});
  accepted_.clear();
  connect(*clientContext({.verify = true, .verifyDepth = 0, .trustedPem = authority.root()}),
          "up.test");
  EXPECT_TRUE(shakeHands()) << client_->reason;
  serve({.defaults = {authority.expired()}});
  accepted_.clear();
  connect(*clientContext({.verify = true, .trustedPem = authority.root()}), "up.test");
  ASSERT_TRUE(until([&] { return client_->closed; }));
  EXPECT_EQ(client_->reason, "tls: the peer's certificate has expired");
}

TEST_F(OpensslTest, TheClientPresentsItsCertificate) {
  Authority authority;
  serve({.defaults = {ecdsa()}});  // only for a free port
  std::string port = std::to_string(listener_->address().port());
  net::Address address = listener_->address();
  listener_.reset();
  Process server("openssl s_server -accept 127.0.0.1:" + port + " -cert " +
                 authority.path("leaf.pem") + " -key " + authority.path("leaf.key") +
                 " -cert_chain " + authority.path("middle.pem") + " -CAfile " +
                 authority.path("root.pem") + " -Verify 4 -verify_return_error -quiet");
  auto attempt = [&](ClientContext::Settings settings) {
    auto context = clientContext(std::move(settings));
    return until([&] {  // the server takes a moment to listen
      server.poll();
      int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      ::connect(fd, address.sockaddrPtr(), address.length());
      client_ = std::make_unique<Peer>(loop_, slabs_, fd, context->connect(fd, "up.test"), true);
      until([&] { return client_->connected || client_->closed; });
      return client_->connected || client_->reason != "connection refused";
    });
  };
  ASSERT_TRUE(attempt(
      {.verify = true, .trustedPem = authority.root(), .clientCertificate = authority.leaf()}));
  ASSERT_TRUE(client_->connected) << client_->reason;
  client_->send("with a certificate\n");
  EXPECT_TRUE(until([&] {
    server.poll();
    return has(server.text(), "with a certificate");
  })) << server.text();
  client_->connection().close(net::Connection::Close::kAfterFlush, "done");
  ASSERT_TRUE(until([&] { return client_->closed; }));
  // Without one the server's alert comes after our side of a TLS 1.3 handshake is done.
  ASSERT_TRUE(attempt({}));
  ASSERT_TRUE(until([&] { return client_->closed; }));
  EXPECT_EQ(client_->reason, "tls: the peer requires a client certificate (alert)");
}

}  // namespace
}  // namespace tollgate::tls::test
