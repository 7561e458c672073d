#include "filters/http/basic_auth/password_checks.h"

#include <utility>

namespace tollgate::filters::basic_auth {

bool PasswordChecks::ask(Question question, Done done) {
  auto same = pending_->byTag.find(question.tag);
  if (same != pending_->byTag.end()) {
    same->second.push_back(std::move(done));
    return true;
  }
  std::string id(question.credentialId);
  auto own = pending_->ofCredential.find(id);
  if (own != pending_->ofCredential.end() && own->second >= kMostOfOne) return false;
  auto answered = [pending = pending_, tag = question.tag, id](bool right) {
    auto waiting = pending->byTag.find(tag);
    const std::vector<Done> all = std::move(waiting->second);
    pending->byTag.erase(waiting);
    auto count = pending->ofCredential.find(id);
    if (--count->second == 0) pending->ofCredential.erase(count);
    for (const Done& one : all) one(right);
  };
  if (!pool_.compute(loop_, std::move(question.verify), std::move(answered))) {
    return false;
  }
  pending_->byTag[question.tag].push_back(std::move(done));
  ++pending_->ofCredential[std::move(id)];
  return true;
}

}  // namespace tollgate::filters::basic_auth
