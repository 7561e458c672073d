#include <string>
#include <vector>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/key_auth/key_auth.pb.h"
#include "filters/http/key_auth/key_search.h"
#include "source/event/event_loop.h"

namespace tollgate::filters {
namespace {

using key_auth::BodyFields;
using key_auth::findInArguments;
using key_auth::findInHeaders;
using key_auth::Found;
using key_auth::KeyName;
using key_auth::withMaskedArgument;
using key_auth::withoutArgument;
namespace engine = ::tollgate::http;

constexpr size_t kBodyLimit = 8 * 1024;

bool looksLikeUuid(std::string_view text) {
  return text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' &&
         text[23] == '-';
}

class KeyAuth final : public engine::HttpFilter {
 public:
  using Config = http::key_auth::v1::Config;

  explicit KeyAuth(const Config& config)
      : names_(config.key_names().begin(), config.key_names().end()),
        anonymous_(config.anonymous()),
        hide_(config.hide_credentials()),
        inHeader_(config.key_in_header()),
        inQuery_(config.key_in_query()),
        inBody_(config.key_in_body()),
        onPreflight_(config.run_on_preflight()) {
    challenge_ = config.has_realm() ? "Key realm=\"" + config.realm() + "\"" : "Key";
  }

  uint8_t hooks() const override { return engine::kRequestHeaders; }
  engine::BodyNeed requestBodyNeed() const override {
    return inBody_ ? engine::BodyNeed::kWhole : engine::BodyNeed::kNone;
  }
  size_t requestBodyLimit() const override { return inBody_ ? kBodyLimit : 0; }

  engine::Action onRequestHeaders(engine::Exchange& exchange, void*) const override {
    if (!onPreflight_ && exchange.request().method == "OPTIONS") return engine::Action::kContinue;
    // With a fallback this filter is one of several ways in, and another one let the client in.
    if (!anonymous_.empty() && !exchange.credentialId().empty()) return engine::Action::kContinue;
    const std::unique_ptr<BodyFields> body = inBody_ ? readBody(exchange) : nullptr;
    const Found key = search(exchange, body.get());
    if (key.kind == Found::Kind::kDuplicate) return refuse(exchange, "Duplicate API key found");
    if (key.kind == Found::Kind::kNothing || key.text.empty()) {
      return refuse(exchange, "No API key found in request");
    }
    const engine::KeyOwner owner = exchange.directory().findKey(key.text);
    if (owner.credential == nullptr || expired(exchange, *owner.credential)) {
      return refuse(exchange, "Unauthorized");
    }
    identify(exchange, *owner.consumer, owner.credential->id);
    return engine::Action::kContinue;
  }

 private:
  static bool expired(engine::Exchange& exchange, const engine::KeyCredential& credential) {
    return credential.expiresAtUnix != 0 &&
           credential.expiresAtUnix * 1000 <= exchange.loop().unixMillis();
  }

  static std::unique_ptr<BodyFields> readBody(engine::Exchange& exchange) {
    const buffer::Buffer* bytes = exchange.wholeRequestBody();
    if (bytes == nullptr || bytes->empty()) return nullptr;
    return std::make_unique<BodyFields>(
        exchange.request().headers.get(engine::HeaderCode::kContentType), bytes->toString());
  }

  /// `body`: nullptr where no key is looked for in it.
  Found search(engine::Exchange& exchange, const BodyFields* body) const {
    for (const KeyName& key : names_) {
      Found found;
      if (inHeader_) found = findInHeaders(exchange.request().headers, key);
      if (found.kind == Found::Kind::kNothing) found = searchElsewhere(exchange, key.text, body);
      if (found.kind == Found::Kind::kNothing) continue;
      if (found.kind == Found::Kind::kText && hide_) hide(exchange, key.text, body);
      return found;
    }
    return {};
  }

  Found searchElsewhere(engine::Exchange& exchange, const std::string& name,
                        const BodyFields* body) const {
    if (inQuery_ && !exchange.query().empty()) {
      Found found = findInArguments(exchange.query(), name, exchange.arena());
      if (found.kind != Found::Kind::kNothing) hideFromLog(exchange, name);
      if (found.kind != Found::Kind::kNothing) return found;
    }
    return body != nullptr ? body->find(name, exchange.arena()) : Found{};
  }

  static void hideFromLog(engine::Exchange& exchange, const std::string& name) {
    std::string_view target = exchange.loggedTarget();
    size_t mark = target.find('?');
    if (mark == std::string_view::npos) return;
    Arena& arena = exchange.arena();
    exchange.setLoggedTarget(arena.concat(
        target.substr(0, mark + 1), withMaskedArgument(target.substr(mark + 1), name, arena)));
  }

  /// What was found keeps its bytes: they belong to the request's slab or to the arena.
  static void hide(engine::Exchange& exchange, const std::string& name, const BodyFields* body) {
    if (!exchange.query().empty()) {
      exchange.setQuery(withoutArgument(exchange.query(), name, exchange.arena()));
    }
    exchange.request().headers.remove(name);
    if (body == nullptr) return;
    if (auto rest = body->without(name)) exchange.replaceRequestBody(*rest);
  }

  /// What only the gateway may say of a client.
  static constexpr engine::HeaderCode kIdentity[] = {
      engine::HeaderCode::kXConsumerId, engine::HeaderCode::kXConsumerCustomId,
      engine::HeaderCode::kXConsumerUsername, engine::HeaderCode::kXCredentialIdentifier,
      engine::HeaderCode::kXAnonymousConsumer};
  static constexpr uint64_t kIdentityBits = [] {
    uint64_t bits = 0;
    for (engine::HeaderCode code : kIdentity) bits |= engine::bitOf(code);
    return bits;
  }();

  /// Tells the origin who the client is; nothing that the client itself said of that is left.
  static void tellOrigin(engine::Exchange& exchange, const engine::Consumer& consumer,
                         std::string_view credentialId) {
    using engine::HeaderCode, engine::LineBlock;
    constexpr size_t kFrames =
        LineBlock::frameOf(HeaderCode::kXConsumerId, HeaderCode::kXConsumerCustomId,
                           HeaderCode::kXConsumerUsername, HeaderCode::kXCredentialIdentifier);
    engine::HeaderMap& headers = exchange.request().headers;
    if (headers.hasAny(kIdentityBits)) {
      for (HeaderCode code : kIdentity) headers.remove(code);
    }
    if (!consumer.wellFormed) {
      // A name may be any text: what is unfit for a header is left out when the head is written.
      auto tell = [&](HeaderCode code, std::string_view value) {
        if (!value.empty()) headers.add(code, value);
      };
      tell(HeaderCode::kXConsumerId, consumer.id);
      tell(HeaderCode::kXConsumerCustomId, consumer.customId);
      tell(HeaderCode::kXConsumerUsername, consumer.username);
      return tell(HeaderCode::kXCredentialIdentifier, credentialId);
    }
    LineBlock block(exchange.arena(), kFrames + consumer.id.size() + consumer.customId.size() +
                                          consumer.username.size() + credentialId.size());
    block.lines<HeaderCode::kXConsumerId>(consumer.id);
    if (!consumer.customId.empty()) block.lines<HeaderCode::kXConsumerCustomId>(consumer.customId);
    if (!consumer.username.empty()) block.lines<HeaderCode::kXConsumerUsername>(consumer.username);
    if (!credentialId.empty()) block.lines<HeaderCode::kXCredentialIdentifier>(credentialId);
    headers.add(block);
  }

  static void identify(engine::Exchange& exchange, const engine::Consumer& consumer,
                       std::string_view credentialId) {
    exchange.setConsumer(&consumer, credentialId);
    tellOrigin(exchange, consumer, credentialId);
  }

  engine::Action refuse(engine::Exchange& exchange, std::string_view message) const {
    if (!anonymous_.empty()) return asAnonymous(exchange);
    exchange.response().headers.set("WWW-Authenticate", challenge_);
    exchange.replyError(401, message);
    return engine::Action::kPause;
  }

  engine::Action asAnonymous(engine::Exchange& exchange) const {
    const engine::Directory& directory = exchange.directory();
    const engine::Consumer* consumer = nullptr;
    if (looksLikeUuid(anonymous_)) consumer = directory.findConsumerById(anonymous_);
    if (consumer == nullptr) consumer = directory.findConsumerByName(anonymous_);
    if (consumer == nullptr) {
      exchange.replyError(500, exchange.arena().concat("anonymous consumer ", anonymous_,
                                                       " is configured but doesn't exist"));
      return engine::Action::kPause;
    }
    identify(exchange, *consumer, {});
    exchange.request().headers.set(engine::HeaderCode::kXAnonymousConsumer, "true");
    return engine::Action::kContinue;
  }

  std::vector<KeyName> names_;
  std::string anonymous_;
  std::string challenge_;
  bool hide_, inHeader_, inQuery_, inBody_, onPreflight_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(KeyAuth)

}  // namespace tollgate::filters
