#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "source/net/connect.h"
#include "source/net/connection.h"
#include "source/net/listener.h"
#include "source/tls/client_context.h"
#include "source/tls/client_hello.h"
#include "source/tls/info.h"
#include "source/tls/server_context.h"
#include "test/support/run_until.h"

namespace tollgate::tls::test {

using event::EventLoop;
using event::Millis;

/// One end of a connection: keeps what comes in and how it ended.
class Peer final : public net::ConnectionHandler {
 public:
  Peer(EventLoop& loop, buffer::SlabPool& slabs, int fd, std::unique_ptr<net::Transport> transport,
       bool connecting = false)
      : loop_(loop),
        connection_(std::make_unique<net::Connection>(loop, slabs, fd, std::move(transport),
                                                      connecting, rules_)) {
    connection_->start(*this);
  }

  void onConnected(net::Connection&) override {
    connected = true;
    if (greet) greet(*this);
  }
  void onData(net::Connection& connection, bool end) override {
    received += connection.input().toString();
    connection.input().clear();
    ended = end;
    if (data) data(*this);
  }
  void onWritable(net::Connection&) override {
    if (writable) writable(*this);
  }
  void onClosed(net::Connection&, std::string_view why) override {
    closed = true;
    reason = why;
    loop_.deferDelete(std::move(connection_));
  }

  void send(std::string_view bytes) {
    connection_->output().append(bytes);
    connection_->markDirty();
  }
  net::Connection& connection() { return *connection_; }
  Info info() const { return infoOf(connection_->transport()); }

  std::string received;
  std::string reason;
  bool connected = false, ended = false, closed = false;
  std::function<void(Peer&)> greet, data, writable;

 private:
  EventLoop& loop_;
  net::ConnectionRules rules_;
  std::unique_ptr<net::Connection> connection_;
};

inline KeyPair ecdsa(std::string_view name = "localhost") {
  return generateSelfSigned(crypto::KeyType::kEcP256, name).value();
}
/// The same for a whole run: making one is slow.
inline const KeyPair& rsa() {
  static const KeyPair pair = generateSelfSigned(crypto::KeyType::kRsa, "localhost").value();
  return pair;
}

class TlsTest : public testing::Test {
 protected:
  ~TlsTest() override {
    accepted_.clear();
    client_.reset();
    for (int i = 0; i < 3; ++i) loop_.runOnce(Millis(1));
    EXPECT_EQ(slabs_.inUse(), 0u) << "slabs are left behind";
  }

  /// Starts a server; every accepted connection gets a Peer.
  void serve(ServerContext::Settings settings) {
    auto made = ServerContext::create(std::move(settings));
    ASSERT_TRUE(made.ok()) << made.error().text();
    server_ = *made;
    auto opened = net::Listener::open(
        loop_, *net::Address::parse("127.0.0.1", 0), {}, [this](int fd, const net::Address&) {
          accepted_.push_back(std::make_unique<Peer>(loop_, slabs_, fd, server_->accept(fd)));
          accepted_.back()->greet = greet_;
        });
    ASSERT_TRUE(opened.ok());
    listener_ = std::move(opened).value();
  }
  void serve() { serve({.defaults = {ecdsa()}}); }

  static std::shared_ptr<const ClientContext> clientContext(ClientContext::Settings settings = {}) {
    auto made = ClientContext::create(std::move(settings));
    EXPECT_TRUE(made.ok()) << made.error().text();
    return *made;
  }

  /// A non-blocking socket that is connecting to the server.
  int dial() { return net::beginConnect(listener_->address()).fd; }
  void connect(const ClientContext& context, std::string_view name = "localhost") {
    int fd = dial();
    client_ = std::make_unique<Peer>(loop_, slabs_, fd, context.connect(fd, name), true);
  }
  /// Both ends have finished the handshake, or one has failed.
  bool shakeHands(size_t index = 0) {
    return until([&] {
             return client_->closed || (accepted_.size() > index && accepted_[index]->closed) ||
                    (client_->connected && accepted_.size() > index && accepted_[index]->connected);
           }) &&
           client_->connected && !client_->closed && accepted_[index]->connected;
  }

  /// Runs the loop until the condition holds; fails after 30 seconds.
  template <typename F>
  bool until(F condition) {
    return tollgate::test::runUntil(loop_, condition);
  }

  EventLoop loop_;
  buffer::SlabPool slabs_;
  std::shared_ptr<const ServerContext> server_;
  std::unique_ptr<net::Listener> listener_;
  std::function<void(Peer&)> greet_;
  std::vector<std::unique_ptr<Peer>> accepted_;
  std::unique_ptr<Peer> client_;
};

/// A folder that goes away with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tollgate-tls-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }
  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(*this / name) << text;
    return *this / name;
  }
  std::string read(std::string_view name) const {
    std::ifstream file(*this / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_;
};

}  // namespace tollgate::tls::test
