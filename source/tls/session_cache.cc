#include "source/tls/session_cache.h"

namespace tollgate::tls {

void SessionCache::put(std::string_view name, bssl::UniquePtr<SSL_SESSION> session) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  std::string key(name);
  if (sessions_.size() >= kMaxNames && !sessions_.contains(key)) sessions_.erase(sessions_.begin());
  auto& kept = sessions_[key];
  // A session that can be used again replaces the others.
  if (!SSL_SESSION_should_be_single_use(session.get())) kept.clear();
  if (kept.size() >= kMaxPerName) kept.erase(kept.begin());
  kept.push_back(std::move(session));
}

bssl::UniquePtr<SSL_SESSION> SessionCache::take(const std::string& name) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return nullptr;
  auto found = sessions_.find(name);
  if (found == sessions_.end() || found->second.empty()) return nullptr;
  auto& newest = found->second.back();
  if (!SSL_SESSION_should_be_single_use(newest.get())) return bssl::UpRef(newest);
  auto session = std::move(newest);
  found->second.pop_back();
  return session;
}

}  // namespace tollgate::tls
