#include "source/http/dependency.h"

#include <algorithm>

#include "source/base/text_hash.h"

namespace tollgate::http {
namespace {

constexpr std::string_view kGoodKey = "\1";  // of the damper; reasons are texts

int64_t unixMillis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Dependency::Dependency(std::string name, std::string consequence, OperatorLog* log,
                       std::chrono::milliseconds interval)
    : name_(std::move(name)), consequence_(std::move(consequence)), log_(log), damper_(interval) {}

void Dependency::failed(std::string_view reason) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  const size_t hash = TextHash{}(reason) | 1;
  if (good_.load(std::memory_order_relaxed) ||
      reasonHash_.load(std::memory_order_relaxed) != hash) {
    std::lock_guard lock(mutex_);
    good_.store(false, std::memory_order_relaxed);
    if (reasonHash_.exchange(hash, std::memory_order_relaxed) == 0) sinceMillis_ = unixMillis();
    reason_ = reason;
  }
  if (log_ == nullptr) return;
  const auto left = damper_.admit(reason, Damper::Clock::now());
  if (!left) return;
  std::string line = name_ + ": ";
  line.append(reason).append("; ").append(consequence_).append(left->text());
  log_->warn(line);
}

void Dependency::nowGood() {
  std::unique_lock lock(mutex_);
  good_.store(true, std::memory_order_relaxed);
  if (reasonHash_.exchange(0, std::memory_order_relaxed) == 0) return;  // the first answer of all
  reason_.clear();
  lock.unlock();
  if (log_ == nullptr) return;
  if (const auto left = damper_.admit(kGoodKey, Damper::Clock::now())) {
    log_->warn(name_ + ": answers again" + left->text());
  }
}

Dependency::State Dependency::state() const {
  std::lock_guard lock(mutex_);
  State out;
  out.name = name_;
  out.good = reasonHash_.load(std::memory_order_relaxed) == 0;
  out.asked = !out.good || good_.load(std::memory_order_relaxed);
  out.reason = reason_;
  out.sinceMillis = out.good ? 0 : sinceMillis_;
  out.failures = failures_.load(std::memory_order_relaxed);
  return out;
}

std::shared_ptr<Dependency> Dependencies::use(std::string name, std::string consequence) {
  std::lock_guard lock(mutex_);
  std::erase_if(all_, [](const auto& each) { return each.expired(); });
  for (const auto& each : all_) {
    auto known = each.lock();
    if (known != nullptr && known->name() == name) return known;
  }
  auto made =
      std::make_shared<Dependency>(std::move(name), std::move(consequence), log_, interval_);
  all_.push_back(made);
  return made;
}

std::vector<Dependency::State> Dependencies::list() {
  std::lock_guard lock(mutex_);
  std::vector<Dependency::State> out;
  for (const auto& each : all_) {
    if (auto known = each.lock()) out.push_back(known->state());
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace tollgate::http
