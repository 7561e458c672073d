// Contexts are shared by workers that each have a loop of their own.
#include <atomic>
#include <thread>

#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

/// Makes one connection over a pair of sockets and greets over it; says whether a session was
/// resumed.
struct Outcome {
  bool worked = false;
  bool resumed = false;
};
Outcome greetOnce(EventLoop& loop, buffer::SlabPool& slabs, const ServerContext& serverContext,
                  const ClientContext& clientContext, const std::string& name) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return {};
  Peer server(loop, slabs, ends[0], serverContext.accept(ends[0]));
  Peer client(loop, slabs, ends[1], clientContext.connect(ends[1], name));
  server.greet = [](Peer& peer) { peer.send("hello"); };
  auto deadline = event::Clock::now() + std::chrono::seconds(30);
  while (client.received != "hello" && !client.closed && event::Clock::now() < deadline) {
    loop.runOnce(Millis(5));
  }
  if (client.closed) return {};
  Outcome outcome{client.received == "hello", client.info().resumed};
  client.connection().close(net::Connection::Close::kNow, "done");
  server.connection().close(net::Connection::Close::kNow, "done");
  loop.runOnce(Millis(0));
  return outcome;
}

TEST(SharedContexts, ServeManyWorkersAtOnce) {
  ServerContext::Settings settings;
  settings.defaults = {rsa(), ecdsa()};
  settings.named = {{{"*.a.test"}, {ecdsa("a.test")}}};
  auto server = ServerContext::create(std::move(settings));
  auto client = ClientContext::create({});
  ASSERT_TRUE(server.ok() && client.ok());
  constexpr int kRounds = 40;
  std::atomic<int> worked = 0, resumed = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      EventLoop loop;
      buffer::SlabPool slabs;
      for (int round = 0; round < kRounds; ++round) {
        std::string name = std::string(1, static_cast<char>('a' + round % 3)) + ".a.test";
        Outcome outcome = greetOnce(loop, slabs, **server, **client, name);
        worked += outcome.worked ? 1 : 0;
        resumed += outcome.resumed ? 1 : 0;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(worked, 3 * kRounds);
  // Tickets made by one worker are good for the others; only a contended cache costs one now and
  // then.
  EXPECT_GT(resumed, 3 * kRounds / 2);
}

}  // namespace
}  // namespace tollgate::tls::test
