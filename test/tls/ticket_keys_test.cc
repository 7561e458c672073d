#include "source/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace tollgate::tls {
namespace {

std::vector<uint8_t> seal(TicketKeys& keys, int64_t now, std::string_view text) {
  std::vector<uint8_t> ticket(text.size() + TicketKeys::kOverhead);
  size_t length = 0;
  std::span in(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  EXPECT_TRUE(keys.seal(now, ticket, length, in));
  ticket.resize(length);
  return ticket;
}

std::string open(TicketKeys& keys, int64_t now, const std::vector<uint8_t>& ticket) {
  std::string text(ticket.size(), '\0');
  size_t length = 0;
  std::span out(reinterpret_cast<uint8_t*>(text.data()), text.size());
  if (!keys.open(now, out, length, ticket)) return "refused";
  return text.substr(0, length);
}

constexpr int64_t kPeriod = TicketKeys::kPeriodSeconds;

TEST(TicketKeys, OpensWhatItSealedForTwoPeriods) {
  TicketKeys keys(1000);
  auto ticket = seal(keys, 1000, "session");
  EXPECT_EQ(open(keys, 1000, ticket), "session");
  EXPECT_EQ(open(keys, 1000 + kPeriod, ticket), "session");
  EXPECT_EQ(open(keys, 1000 + 2 * kPeriod, ticket), "refused");
}

TEST(TicketKeys, ForgetsAfterALongIdleTime) {
  TicketKeys keys(0);
  auto ticket = seal(keys, 0, "session");
  EXPECT_EQ(open(keys, 5 * kPeriod, ticket), "refused");
  EXPECT_EQ(open(keys, 5 * kPeriod, seal(keys, 5 * kPeriod, "new")), "new");
}

TEST(TicketKeys, KeepsWorkingOverManyRotations) {
  TicketKeys keys(0);
  std::vector<uint8_t> previous = seal(keys, 0, "x");
  for (int64_t now = kPeriod; now < 20 * kPeriod; now += kPeriod) {
    auto ticket = seal(keys, now, "x");
    EXPECT_EQ(open(keys, now, ticket), "x");
    EXPECT_EQ(open(keys, now, previous), "x");
    previous = ticket;
  }
}

TEST(TicketKeys, RefusesForeignAndDamagedTickets) {
  TicketKeys keys(0), other(0);
  auto ticket = seal(keys, 0, "session");
  EXPECT_EQ(open(other, 0, ticket), "refused");
  for (size_t i = 0; i < ticket.size(); ++i) {
    auto damaged = ticket;
    damaged[i] ^= 1;
    EXPECT_EQ(open(keys, 0, damaged), "refused") << i;
  }
  for (size_t length = 0; length < ticket.size(); ++length) {
    EXPECT_EQ(open(keys, 0, {ticket.begin(), ticket.begin() + static_cast<ptrdiff_t>(length)}),
              "refused");
  }
}

TEST(TicketKeys, MayBeUsedFromManyThreadsWhileItRotates) {
  TicketKeys keys(0);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&keys, &good] {
      for (int round = 0; round < 200; ++round) {
        auto ticket = seal(keys, kPeriod, "session");  // the first of all rotates
        if (open(keys, kPeriod, ticket) == "session") ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace tollgate::tls
