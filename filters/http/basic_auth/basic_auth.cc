#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "filters/http/basic_auth/basic_auth.pb.h"
#include "filters/http/basic_auth/password_checks.h"
#include "filters/http/basic_auth/user_password.h"
#include "filters/http/basic_auth/verified_passwords.h"
#include "filters/http/common/authentication.h"
#include "filters/http/common/http_filter_entry.h"
#include "source/crypto/secret.h"
#include "source/event/event_loop.h"
#include "source/http/filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using basic_auth::PasswordChecks;
using basic_auth::UserPassword;
using basic_auth::VerifiedPasswords;

constexpr double kDefaultEntries = 16384, kDefaultLifeSeconds = 60;

/// What is kept of a password.
struct StoredPassword final : engine::CredentialData {
  static constexpr std::string_view kKind = "basicauth_credentials";
  static std::unique_ptr<const engine::CredentialData> read(const Json& doc) {
    auto out = std::make_unique<StoredPassword>();
    auto password = doc.find("password");
    if (password != doc.end() && password->is_string()) out->text = password->get<std::string>();
    return out;
  }
  std::string text;
};

/// Outlives configurations: who has proved a password need not do so again when a plugin changes.
class Verified final : public VerifiedPasswords {
 public:
  explicit Verified(const engine::FilterContext& context)
      : VerifiedPasswords(
            static_cast<size_t>(settingOf(context, "basic_auth_cache_size", kDefaultEntries, 1e7)),
            static_cast<int64_t>(
                settingOf(context, "basic_auth_cache_ttl", kDefaultLifeSeconds, 1e6) * 1000)) {}

 private:
  static double settingOf(const engine::FilterContext& context, std::string_view name,
                          double fallback, double most) {
    return context.setting ? std::clamp(context.setting(name), 0.0, most) : fallback;
  }
};

/// Lets consumers in by user name and password.
class BasicAuth final : public engine::Filter<http::basic_auth::v1::Config> {
 public:
  using Credential = StoredPassword;
  using Shared = Verified;

  BasicAuth(const Config& config, const engine::FilterContext& context, Shared& verified)
      : gate_(config.anonymous(), Authentication::challengeOf("Basic", config.realm())),
        kind_(engine::CredentialKinds::numberOf(Credential::kKind)),
        passwords_(context.passwords),
        verified_(verified),
        hide_(config.hide_credentials()) {
    if (context.services == nullptr) return;
    checks_.emplace(*context.services, [](engine::WorkerServices& worker) {
      return std::make_unique<PasswordChecks>(worker.loop(), worker.process().offload());
    });
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    if (gate_.alreadyIn(exchange)) return engine::Action::kContinue;
    for (engine::HeaderCode code :
         {engine::HeaderCode::kProxyAuthorization, engine::HeaderCode::kAuthorization}) {
      engine::HeaderMap& headers = exchange.request().headers;
      const engine::Header* header = headers.find(code);
      if (header == nullptr) continue;
      auto given = basic_auth::readBasic(header->value());
      if (hide_) headers.remove(code);
      if (!given) continue;
      const engine::CredentialOwner owner = exchange.directory().findCredential(kind_, given->user);
      if (owner.credential != nullptr) return check(exchange, owner, std::move(given->password));
    }
    return refuse(exchange);
  }

 private:
  engine::Action refuse(engine::Exchange& exchange) const {
    return gate_.refuse(exchange, "Unauthorized");
  }

  engine::Action decide(engine::Exchange& exchange, engine::CredentialOwner owner,
                        bool right) const {
    if (!right) return refuse(exchange);
    Authentication::letIn(exchange, *owner.consumer, owner.credential->id, owner.credential->value);
    return engine::Action::kContinue;
  }

  engine::Action check(engine::Exchange& exchange, engine::CredentialOwner owner,
                       std::string password) const {
    const std::string& stored = static_cast<const StoredPassword*>(owner.credential->data)->text;
    crypto::Secret given(std::move(password));
    if (stored.empty() || passwords_ == nullptr) return refuse(exchange);
    const std::string_view consumerId = owner.consumer->id;
    if (!checks_ || !passwords_->slow(stored)) {
      return decide(exchange, owner, passwords_->matches(stored, given.view(), consumerId));
    }
    const VerifiedPasswords::Tag tag = verified_.tagOf(stored, given.view(), consumerId);
    if (verified_.knows(tag, exchange.loop().unixMillis())) return decide(exchange, owner, true);
    return checkElsewhere(exchange, owner, tag, std::make_shared<crypto::Secret>(std::move(given)));
  }

  /// On a thread that may take its time; the exchange waits.
  engine::Action checkElsewhere(engine::Exchange& exchange, engine::CredentialOwner owner,
                                VerifiedPasswords::Tag tag,
                                std::shared_ptr<crypto::Secret> given) const {
    const std::string& stored = static_cast<const StoredPassword*>(owner.credential->data)->text;
    auto verify = [passwords = passwords_, stored, given = std::move(given),
                   consumerId = std::string(owner.consumer->id)] {
      return passwords->matches(stored, given->view(), consumerId);
    };
    auto done = [this, owner, tag, handle = exchange.pauseHandle()](bool right) {
      engine::Exchange* waiting = handle.get();  // with it live this filter and the credential
      if (waiting == nullptr) return;
      if (right) verified_.remember(tag, waiting->loop().unixMillis());
      if (decide(*waiting, owner, right) == engine::Action::kContinue) handle.resume();
    };
    PasswordChecks& checks = checks_->get(exchange.loop());
    if (!checks.ask({owner.credential->id, tag, std::move(verify)}, std::move(done))) {
      exchange.replyError(503, "Too many passwords wait for verification");
    }
    return engine::Action::kPause;
  }

  Authentication gate_;
  size_t kind_;
  std::shared_ptr<const engine::PasswordVerifier> passwords_;
  Shared& verified_;
  std::optional<engine::WorkerLocal<PasswordChecks>> checks_;
  bool hide_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(BasicAuth)

}  // namespace tollgate::filters
