#include <string>
#include <vector>

#include "filters/http/common/authentication.h"
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/jwt/jwt.pb.h"
#include "filters/http/jwt/jwt_key.h"
#include "filters/http/jwt/token.h"
#include "filters/http/jwt/token_search.h"
#include "source/base/json.h"
#include "source/event/event_loop.h"
#include "source/http/filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using jwt::JwtKey;
using jwt::Token;

/// Lets consumers in by signed tokens.
class Jwt final : public engine::Filter<http::jwt::v1::Config> {
 public:
  using Credential = JwtKey;

  explicit Jwt(const Config& config)
      : gate_(config.anonymous(), {}),
        kind_(engine::CredentialKinds::numberOf(Credential::kKind)),
        keyClaim_(config.key_claim_name()),
        missing_(Authentication::challengeOf("Bearer", config.realm())),
        invalid_(missing_ + (config.realm().empty() ? "" : ",") + " error=\"invalid_token\""),
        claims_(config.claims_to_verify().begin(), config.claims_to_verify().end()),
        maximum_(config.maximum_expiration()),
        secretIsBase64_(config.secret_is_base64()),
        onPreflight_(config.run_on_preflight()) {
    places_.arguments.assign(config.uri_param_names().begin(), config.uri_param_names().end());
    places_.cookies.assign(config.cookie_names().begin(), config.cookie_names().end());
    places_.headers.assign(config.header_names().begin(), config.header_names().end());
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    if (!onPreflight_ && exchange.request().method == "OPTIONS") return engine::Action::kContinue;
    if (gate_.alreadyIn(exchange)) return engine::Action::kContinue;
    const jwt::FoundTokens found = jwt::findTokens(exchange, places_);
    if (found.several) return refuse(exchange, "Multiple tokens provided");
    if (found.token.empty()) return refuse(exchange, missing_, {{"message", "Unauthorized"}});
    Token token;
    const std::string_view problem = jwt::readToken(found.token, token);
    if (!problem.empty()) return refuse(exchange, "Bad token; " + std::string(problem));
    return judge(exchange, token);
  }

 private:
  engine::Action judge(engine::Exchange& exchange, const Token& token) const {
    const Json& key = jwt::keyClaim(token, keyClaim_);
    const std::string claim = "'" + keyClaim_ + "'";
    if (key.is_null() || key == false) {
      return refuse(exchange, "No mandatory " + claim + " in claims");
    }
    if (key == "") return refuse(exchange, "Invalid " + claim + " in claims");
    engine::CredentialOwner owner;
    if (key.is_string()) {
      owner = exchange.directory().findCredential(kind_, key.get_ref<const std::string&>());
    }
    if (owner.credential == nullptr) {
      return refuse(exchange, "No credentials found for given " + claim);
    }
    const auto& own = static_cast<const JwtKey&>(*owner.credential->data);
    if (token.algorithm != own.algorithm()) return refuse(exchange, "Invalid algorithm");
    switch (own.verify(token, secretIsBase64_)) {
      case JwtKey::Verdict::kNoKey:
        return refuse(exchange, "Invalid key/secret");
      case JwtKey::Verdict::kWrong:
        return refuse(exchange, "Invalid signature");
      case JwtKey::Verdict::kGood:
        break;
    }
    const int64_t now = exchange.loop().unixMillis() / 1000;
    Json wrong = jwt::wrongTimes(token.claims, claims_, now);
    if (wrong.empty() && maximum_ > 0 && !jwt::endsWithin(token.claims, maximum_, now)) {
      wrong["exp"] = "exceeds maximum allowed expiration";
    }
    if (!wrong.empty()) return refuse(exchange, invalid_, wrong);
    Authentication::letIn(exchange, *owner.consumer, owner.credential->id, owner.credential->value);
    return engine::Action::kContinue;
  }

  engine::Action refuse(engine::Exchange& exchange, const std::string& message) const {
    return refuse(exchange, invalid_, {{"message", message}});
  }

  /// The answer is JSON whatever the client accepts.
  engine::Action refuse(engine::Exchange& exchange, const std::string& challenge,
                        const Json& body) const {
    if (auto passed = gate_.asAnonymous(exchange)) return *passed;
    exchange.response().headers.set("WWW-Authenticate", challenge);
    exchange.reply(401, "application/json; charset=utf-8",
                   body.dump(-1, ' ', false, Json::error_handler_t::replace));
    return engine::Action::kPause;
  }

  Authentication gate_;
  size_t kind_;
  jwt::TokenPlaces places_;
  std::string keyClaim_;
  std::string missing_, invalid_;  ///< Challenges: without a token, and with a bad one.
  std::vector<std::string> claims_;
  double maximum_;
  bool secretIsBase64_, onPreflight_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(Jwt)

}  // namespace tollgate::filters
