#include <string>
#include <vector>

#include "filters/http/common/arguments.h"
#include "filters/http/common/authentication.h"
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
namespace engine = ::tollgate::http;

constexpr size_t kBodyLimit = 8 * 1024;

class KeyAuth final : public engine::Filter<http::key_auth::v1::Config> {
 public:
  explicit KeyAuth(const Config& config)
      : names_(config.key_names().begin(), config.key_names().end()),
        gate_(config.anonymous(), Authentication::challengeOf("Key", config.realm())),
        hide_(config.hide_credentials()),
        inHeader_(config.key_in_header()),
        inQuery_(config.key_in_query()),
        inBody_(config.key_in_body()),
        onPreflight_(config.run_on_preflight()) {}

  engine::BodyPolicy requestBody() const {
    return engine::BodyPolicy::collect(inBody_ ? kBodyLimit : 0);
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    if (!onPreflight_ && exchange.request().method == "OPTIONS") return engine::Action::kContinue;
    if (gate_.alreadyIn(exchange)) return engine::Action::kContinue;
    const std::unique_ptr<BodyFields> body = inBody_ ? readBody(exchange) : nullptr;
    const Found key = search(exchange, body.get());
    if (key.kind == Found::Kind::kDuplicate)
      return gate_.refuse(exchange, "Duplicate API key found");
    if (key.kind == Found::Kind::kNothing || key.text.empty()) {
      return gate_.refuse(exchange, "No API key found in request");
    }
    const engine::KeyOwner owner = exchange.directory().findKey(key.text);
    if (owner.credential == nullptr || expired(exchange, *owner.credential)) {
      return gate_.refuse(exchange, "Unauthorized");
    }
    const std::string_view id = owner.credential->id;
    Authentication::letIn(exchange, *owner.consumer, id, id);
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
      if (found.kind != Found::Kind::kNothing) hideArgumentFromLog(exchange, name);
      if (found.kind != Found::Kind::kNothing) return found;
    }
    return body != nullptr ? body->find(name, exchange.arena()) : Found{};
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

  std::vector<KeyName> names_;
  Authentication gate_;
  bool hide_, inHeader_, inQuery_, inBody_, onPreflight_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(KeyAuth)

}  // namespace tollgate::filters
