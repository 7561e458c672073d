#include <memory>
#include <string>
#include <vector>

#include "filters/http/bot_detection/bot_detection.pb.h"
#include "filters/http/bot_detection/known_bots.h"
#include "filters/http/common/http_filter_entry.h"
#include "source/base/regex.h"
#include "source/base/trim.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Action;
using engine::HeaderCode;

using Patterns = std::vector<std::shared_ptr<const Regex>>;

bool anyFinds(const Patterns& patterns, std::string_view text) {
  for (const auto& pattern : patterns) {
    if (pattern->find(text)) return true;
  }
  return false;
}

class BotDetection final : public engine::Filter<http::bot_detection::v1::Config> {
 public:
  static Result<std::unique_ptr<BotDetection>> create(const Config& config,
                                                      const engine::FilterContext&) {
    std::unique_ptr<BotDetection> out(new BotDetection);
    for (auto [texts, patterns] :
         {std::pair{&config.allow(), &out->allow_}, {&config.deny(), &out->deny_}}) {
      for (const std::string& text : *texts) {
        auto pattern = Regex::compile(text);
        if (pattern == nullptr) return Error::invalid("not a valid regex: " + text);
        patterns->push_back(std::move(pattern));
      }
    }
    return out;
  }

  Action onRequest(engine::Exchange& exchange, State&) const {
    const engine::HeaderMap& headers = exchange.request().headers;
    const engine::Header* field = headers.find(HeaderCode::kUserAgent);
    if (field == nullptr) return Action::kContinue;
    if (headers.next(*field) != nullptr) {
      exchange.replyError(400, "Only one User-Agent header allowed");
      return Action::kPause;
    }
    const std::string_view agent = trimmed(field->value());
    if (agent.empty() || anyFinds(allow_, agent)) return Action::kContinue;
    if (!anyFinds(deny_, agent) && !bot_detection::isKnownBot(agent)) return Action::kContinue;
    exchange.replyError(403, "Forbidden");
    return Action::kPause;
  }

 private:
  BotDetection() = default;
  Patterns allow_, deny_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(BotDetection)

}  // namespace tollgate::filters
