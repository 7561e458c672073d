#include "filters/http/common/authentication.h"

#include <fmt/format.h>

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

/// What only the gateway may say of a client.
constexpr engine::HeaderCode kIdentity[] = {
    engine::HeaderCode::kXConsumerId, engine::HeaderCode::kXConsumerCustomId,
    engine::HeaderCode::kXConsumerUsername, engine::HeaderCode::kXCredentialIdentifier,
    engine::HeaderCode::kXAnonymousConsumer};
constexpr uint64_t kIdentityBits = [] {
  uint64_t bits = 0;
  for (engine::HeaderCode code : kIdentity) bits |= engine::bitOf(code);
  return bits;
}();

/// `checked`: the identifier is known to be fit for a header field, as are those of a consumer that
/// is wellFormed.
void tellOrigin(engine::Exchange& exchange, const engine::Consumer& consumer,
                std::string_view identifier, bool checked) {
  using engine::HeaderCode, engine::LineBlock;
  constexpr size_t kFrames =
      LineBlock::frameOf(HeaderCode::kXConsumerId, HeaderCode::kXConsumerCustomId,
                         HeaderCode::kXConsumerUsername, HeaderCode::kXCredentialIdentifier);
  engine::HeaderMap& headers = exchange.request().headers;
  if (headers.hasAny(kIdentityBits)) {
    for (HeaderCode code : kIdentity) headers.remove(code);
  }
  if (!consumer.wellFormed || !checked) {
    // A name may be any text: what is unfit for a header is left out when the head is written.
    auto tell = [&](HeaderCode code, std::string_view value) {
      if (!value.empty()) headers.add(code, value);
    };
    tell(HeaderCode::kXConsumerId, consumer.id);
    tell(HeaderCode::kXConsumerCustomId, consumer.customId);
    tell(HeaderCode::kXConsumerUsername, consumer.username);
    return tell(HeaderCode::kXCredentialIdentifier, identifier);
  }
  LineBlock block(exchange.arena(), kFrames + consumer.id.size() + consumer.customId.size() +
                                        consumer.username.size() + identifier.size());
  block.lines<HeaderCode::kXConsumerId>(consumer.id);
  if (!consumer.customId.empty()) block.lines<HeaderCode::kXConsumerCustomId>(consumer.customId);
  if (!consumer.username.empty()) block.lines<HeaderCode::kXConsumerUsername>(consumer.username);
  if (!identifier.empty()) block.lines<HeaderCode::kXCredentialIdentifier>(identifier);
  headers.add(block);
}

}  // namespace

std::string Authentication::challengeOf(std::string_view scheme, std::string_view realm) {
  return realm.empty() ? std::string(scheme) : fmt::format("{} realm=\"{}\"", scheme, realm);
}

void Authentication::letIn(engine::Exchange& exchange, const engine::Consumer& consumer,
                           std::string_view credentialId, std::string_view identifier) {
  exchange.setConsumer(&consumer, credentialId);
  // Ids are made here; any other name of a credential is somebody's text.
  tellOrigin(exchange, consumer, identifier, identifier.data() == credentialId.data());
}

engine::Action Authentication::refuse(engine::Exchange& exchange, std::string_view message) const {
  if (auto passed = asAnonymous(exchange)) return *passed;
  exchange.response().headers.set("WWW-Authenticate", challenge_);
  exchange.replyError(401, message);
  return engine::Action::kPause;
}

std::optional<engine::Action> Authentication::asAnonymous(engine::Exchange& exchange) const {
  if (anonymous_.empty()) return std::nullopt;
  const engine::Consumer* consumer = exchange.directory().findConsumer(anonymous_);
  if (consumer == nullptr) {
    exchange.replyError(500, exchange.arena().concat("anonymous consumer ", anonymous_,
                                                     " is configured but doesn't exist"));
    return engine::Action::kPause;
  }
  exchange.setConsumer(consumer, {});
  tellOrigin(exchange, *consumer, {}, true);
  exchange.request().headers.set(engine::HeaderCode::kXAnonymousConsumer, "true");
  return engine::Action::kContinue;
}

}  // namespace tollgate::filters
