#include "source/server/end_limit.h"

#include <unistd.h>

#include "source/log/error_log.h"

namespace tollgate::server {
namespace {

constexpr std::chrono::milliseconds kLastLine{100};  // for the line that tells of it

}  // namespace

EndLimit::~EndLimit() {
  {
    std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void EndLimit::set(std::chrono::milliseconds limit) {
  std::lock_guard lock(mutex_);
  deadline_ = std::min(deadline_, Clock::now() + limit);
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void EndLimit::run() {
  std::unique_lock lock(mutex_);
  while (!over_ && Clock::now() < deadline_) changed_.wait_until(lock, deadline_);
  if (over_) return;
  log::error(log::Level::kCrit,
             "the process has not ended by itself in time: what still runs is cut off");
  if (changed_.wait_for(lock, kLastLine, [this] { return over_; })) return;
  ::_exit(1);
}

}  // namespace tollgate::server
