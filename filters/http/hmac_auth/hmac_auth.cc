#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/http/common/authentication.h"
#include "filters/http/common/http_date.h"
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/loose_base64.h"
#include "filters/http/hmac_auth/hmac_auth.pb.h"
#include "filters/http/hmac_auth/signature_field.h"
#include "filters/http/hmac_auth/signed_text.h"
#include "source/crypto/base64.h"
#include "source/crypto/secret.h"
#include "source/event/event_loop.h"
#include "source/http/filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using hmac_auth::SignatureField;

/// A larger body is not held, so that its digest cannot be compared.
constexpr size_t kBodyLimit = 8 * 1024;

constexpr std::string_view kNotVerified = "HMAC signature cannot be verified";
constexpr std::string_view kNoDate =
    "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC "
    "Authentication";
constexpr std::string_view kNoMatch = "HMAC signature does not match";

/// The secret with which a consumer signs.
struct SigningSecret final : engine::CredentialData {
  static constexpr std::string_view kKind = "hmacauth_credentials";
  static std::unique_ptr<const engine::CredentialData> read(const Json& doc) {
    auto out = std::make_unique<SigningSecret>();
    auto secret = doc.find("secret");
    if (secret != doc.end() && secret->is_string()) out->text = secret->get<std::string>();
    return out;
  }
  std::string text;
};

/// Lets consumers in by signatures of their requests.
class HmacAuth final : public engine::Filter<http::hmac_auth::v1::Config> {
 public:
  using Credential = SigningSecret;

  explicit HmacAuth(const Config& config)
      : gate_(config.anonymous(), Authentication::challengeOf("hmac", config.realm())),
        kind_(engine::CredentialKinds::numberOf(Credential::kKind)),
        enforced_(config.enforce_headers().begin(), config.enforce_headers().end()),
        algorithms_(config.algorithms().begin(), config.algorithms().end()),
        skewSeconds_(config.clock_skew()),
        validatesBody_(config.validate_request_body()),
        hide_(config.hide_credentials()) {}

  engine::BodyPolicy requestBody() const {
    return engine::BodyPolicy::collect(validatesBody_ ? kBodyLimit : 0);
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    if (gate_.alreadyIn(exchange)) return engine::Action::kContinue;
    const engine::HeaderMap& headers = exchange.request().headers;
    if (!headers.has(engine::HeaderCode::kProxyAuthorization) &&
        !headers.has(engine::HeaderCode::kAuthorization)) {
      return gate_.refuse(exchange, "Unauthorized");
    }
    const int64_t now = exchange.loop().unixMillis() / 1000;
    if (!isNow(headers.get("X-Date"), now) && !isNow(headers.get("Date"), now)) {
      return gate_.refuse(exchange, kNoDate);
    }
    const auto field = takeField(exchange);
    if (!field || !isAcceptable(*field)) return gate_.refuse(exchange, kNotVerified);
    const engine::CredentialOwner owner = exchange.directory().findCredential(kind_, field->user);
    if (owner.credential == nullptr) return gate_.refuse(exchange, kNotVerified);
    const auto& secret = static_cast<const SigningSecret*>(owner.credential->data)->text;
    if (!isSigned(exchange.request(), *field, secret) || !hasRightDigest(exchange)) {
      return gate_.refuse(exchange, kNoMatch);
    }
    Authentication::letIn(exchange, *owner.consumer, owner.credential->id, owner.credential->value);
    return engine::Action::kContinue;
  }

 private:
  bool isNow(std::string_view date, int64_t now) const {
    if (date.empty()) return false;
    const auto time = parseHttpDate(date);
    return time && std::abs(static_cast<double>(now - *time)) <= skewSeconds_;
  }

  /// What was read keeps its bytes: they belong to the request's slab.
  std::optional<SignatureField> takeField(engine::Exchange& exchange) const {
    engine::HeaderMap& headers = exchange.request().headers;
    engine::HeaderCode code = engine::HeaderCode::kProxyAuthorization;
    auto field = hmac_auth::readSignatureField(headers.get(code));
    if (!field) {
      code = engine::HeaderCode::kAuthorization;
      field = hmac_auth::readSignatureField(headers.get(code));
    }
    if (hide_) headers.remove(code);
    return field;
  }

  bool isAcceptable(const SignatureField& field) const {
    for (const std::string& wanted : enforced_) {
      bool found = false;
      hmac_auth::forEachName(field.names,
                             [&](std::string_view name) { found = found || name == wanted; });
      if (!found) return false;
    }
    return std::find(algorithms_.begin(), algorithms_.end(), field.algorithm) != algorithms_.end();
  }

  static bool isSigned(const engine::RequestHead& request, const SignatureField& field,
                       const std::string& secret) {
    const auto hash = hmac_auth::hashOfAlgorithm(field.algorithm);
    const auto given = decodeLooseBase64(field.signature);
    if (!hash || !given || secret.empty()) return false;
    const auto expected = hmac_auth::signatureOf(request, field.names, *hash, secret);
    return expected && crypto::equalInConstantTime(expected->view(), *given);
  }

  /// Of the body, where that is asked for (RFC 3230 section 4.3.2). A request without the field has
  /// no body.
  bool hasRightDigest(engine::Exchange& exchange) const {
    if (!validatesBody_) return true;
    const buffer::Buffer* body = exchange.wholeRequestBody();
    if (body == nullptr) return false;
    const engine::Header* field = exchange.request().headers.find("Digest");
    if (field == nullptr) return body->empty();
    const crypto::Sha256 digest = crypto::sha256(body->toString());
    const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
    return field->value() == "SHA-256=" + crypto::encodeBase64(bytes, crypto::Base64::kStandard);
  }

  Authentication gate_;
  size_t kind_;
  std::vector<std::string> enforced_, algorithms_;
  double skewSeconds_;
  bool validatesBody_, hide_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(HmacAuth)

}  // namespace tollgate::filters
