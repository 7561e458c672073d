#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "filters/http/basic_auth/verified_passwords.h"
#include "source/http/filter_services.h"

namespace tollgate::filters::basic_auth {

/// The password hashes that one worker has asked for. Requests that show the same password wait for
/// one hash; of one credential few wait at once, so that guesses at a password keep nobody but its
/// owner waiting. That worker's thread.
class PasswordChecks final : public ::tollgate::http::WorkerState {
 public:
  /// Different passwords of one credential that may wait on a worker.
  static constexpr size_t kMostOfOne = 4;

  /// `loop`: the worker's. Both outlive this.
  PasswordChecks(event::EventLoop& loop, event::OffloadPool& pool)
      : loop_(loop), pool_(pool), pending_(std::make_shared<Pending>()) {}

  using Done = std::function<void(bool right)>;
  struct Question {
    std::string_view credentialId;
    VerifiedPasswords::Tag tag;
    std::function<bool()> verify;  ///< Runs on another thread; owns what it touches.
  };
  /// Calls `done` later, on this thread, unless the worker ends before. False, and it is not
  /// called, where too much waits already.
  [[nodiscard]] bool ask(Question question, Done done);

  bool busy() const override { return !pending_->byTag.empty(); }

 private:
  struct TagHash {
    size_t operator()(const VerifiedPasswords::Tag& tag) const { return tag.low; }
  };
  struct Pending {
    std::unordered_map<VerifiedPasswords::Tag, std::vector<Done>, TagHash> byTag;
    std::unordered_map<std::string, size_t> ofCredential;
  };

  event::EventLoop& loop_;
  event::OffloadPool& pool_;
  std::shared_ptr<Pending> pending_;  ///< Outlives this where answers are still to come.
};

}  // namespace tollgate::filters::basic_auth
