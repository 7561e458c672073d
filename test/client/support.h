#pragma once

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "source/client/services.h"
#include "test/support/run_until.h"

namespace tollgate::client {

struct Lines final : http::OperatorLog {
  void warn(std::string_view text) override {
    std::lock_guard lock(mutex);
    all.emplace_back(text);
  }
  bool have(std::string_view part) {
    std::lock_guard lock(mutex);
    for (const std::string& line : all) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  std::mutex mutex;
  std::vector<std::string> all;
};

/// One loop and its services.
class ServicesTest : public testing::Test {
 protected:
  static Services::Settings settings() {
    Services::Settings out;
    out.workers = 4;
    out.queueMemory = 4000;
    out.logInterval = std::chrono::milliseconds(0);
    return out;
  }
  ~ServicesTest() override {
    services_.stopOffload();
    services_.endWorker(loop_);
    loop_.runOnce(event::Millis(0));
    loop_.runOnce(event::Millis(0));
  }
  template <typename F>
  bool runUntil(F condition) {
    return test::runUntil(loop_, condition);
  }
  http::WorkerServices& worker() { return services_.of(loop_); }
  int64_t counted(std::string_view metric, const stats::LabelValues& labels) {
    for (const auto& family : registry_.snapshot()) {
      if (family.metric.name != metric) continue;
      for (const auto& sample : family.samples) {
        if (sample.labels == labels) return sample.value;
      }
    }
    return 0;
  }

  Lines log_;
  stats::Registry registry_;
  http::Dependencies dependencies_{&log_, std::chrono::milliseconds(0)};
  Services services_{settings(), log_, dependencies_, registry_};
  event::EventLoop loop_;
};

}  // namespace tollgate::client
