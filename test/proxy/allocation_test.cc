// The data path takes nothing from the heap once connections and arenas are warm.
#include "test/support/allocations.h"

#include "source/http/typed_filter.h"
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

/// A filter with state that looks at both heads.
struct Seen {
  bool client = false;
  char rest[63];
};
struct Looking final : http::Filter<void, Seen> {
  http::Action onRequest(http::Exchange& exchange, Seen& seen) const {
    seen.client = !exchange.request().headers.get("X-Client").empty();
    exchange.request().headers.setCopied(http::HeaderCode::kXConsumerUsername, "somebody");
    return http::Action::kContinue;
  }
  http::Action onResponse(http::Exchange&, Seen& seen, http::ResponseHead& head) const {
    if (seen.client) head.headers.set("X-Seen", "1");
    return http::Action::kContinue;
  }
};

class AllocationTest : public ProxyTest {
 protected:
  /// One request and its answer; what the loop took from the heap for them.
  size_t exchange() {
    size_t taken = 0;
    auto run = [&](auto done) {
      return until([&] {
        const size_t before = test::allocations;
        loop_.runOnce(Millis(1));
        taken += test::allocations - before;
        return done();
      });
    };
    std::string seen;
    answer_.clear();
    client_.send("GET /api/things?a=b HTTP/1.1\r\nHost: example.com\r\nX-Client: c\r\n\r\n");
    EXPECT_TRUE(run([&] {
      if (!origins_.empty()) origins_[0].read(seen);
      return seen.ends_with("\r\n\r\n");
    }));
    origins_[0].send("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(run([&] {
      client_.read(answer_);
      return answer_.ends_with("hello");
    }));
    return taken;
  }
  void start() {
    publish();
    client_ = Peer::connect(proxy_->address());
    for (int i = 0; i < 3; ++i) exchange();
  }
};

TEST_F(AllocationTest, NoneForARequestWithoutFilters) {
  start();
  EXPECT_EQ(exchange(), 0u);
}

TEST_F(AllocationTest, NoneForARequestWithFilters) {
  http::TypedFilter<Looking> first, second;
  http::FilterPlan plan;
  plan.entries.emplace_back().fallback = &first;
  plan.entries.emplace_back().fallback = &second;
  plan.finish();
  globalPlan_ = std::shared_ptr<http::FilterPlan>(&plan, [](auto*) {});
  start();
  EXPECT_EQ(exchange(), 0u);
  EXPECT_NE(answer_.find("X-Seen: 1"), std::string::npos);
  publish();
}

}  // namespace
}  // namespace tollgate::proxy
