#pragma once

#include <chrono>

#include "source/event/event_loop.h"

namespace tollgate::test {

/// Runs the loop until the condition holds; false after 30 seconds without it.
template <typename F>
bool runUntil(event::EventLoop& loop, F condition) {
  const auto deadline = event::Clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (event::Clock::now() > deadline) return false;
    loop.runOnce(event::Millis(5));
  }
  return true;
}

}  // namespace tollgate::test
