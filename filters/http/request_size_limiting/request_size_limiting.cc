#include <memory>
#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/request_size_limiting/request_size_limiting.pb.h"
#include "source/base/decimal.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Action;
using engine::HeaderCode;

constexpr int64_t kMegabyte = 1048576, kKilobyte = 1024;

int64_t unitOf(std::string_view name) {
  if (name == "bytes") return 1;
  return name == "kilobytes" ? kKilobyte : kMegabyte;
}

struct State {
  int64_t bytes = 0;     ///< Of the body that have passed.
  bool counted = false;  ///< The head has not said how many there will be.
  bool expects = false;  ///< The client waits to be asked for its body.
};

class RequestSizeLimiting final
    : public engine::Filter<http::request_size_limiting::v1::Config, State> {
 public:
  RequestSizeLimiting(const Config& config, const engine::FilterContext&)
      : limit_(config.has_allowed_payload_size()
                   ? config.allowed_payload_size() * unitOf(config.size_unit())
                   : INT64_MAX),
        needsLength_(config.require_content_length()) {}

  bool changesBody() const { return false; }

  Action onRequest(engine::Exchange& exchange, State& state) const {
    const engine::RequestHead& request = exchange.request();
    state.expects =
        engine::equalsIgnoreCase(request.headers.get(HeaderCode::kExpect), "100-continue");
    const engine::Header* field = request.headers.find(HeaderCode::kContentLength);
    uint64_t length = 0;
    if (field != nullptr && parseDecimal(field->value(), length)) {
      return static_cast<int64_t>(length) > limit_ ? refuse(exchange, state) : Action::kContinue;
    }
    // HTTP/2 has no other way to say that a body follows than to send it.
    const bool chunked = exchange.hasRequestBody() && request.version != engine::Version::kHttp2;
    if (needsLength_ && !chunked) {
      exchange.replyError(411, "A valid Content-Length header is required");
      return Action::kPause;
    }
    state.counted = true;
    return Action::kContinue;
  }

  Action onRequestBody(engine::Exchange& exchange, State& state, buffer::Buffer& data, bool) const {
    if (!state.counted) return Action::kContinue;
    state.bytes += static_cast<int64_t>(data.size());
    if (state.bytes <= limit_) return Action::kContinue;
    // Where the answer is on its way already, the rest is held back all the same.
    data.clear();
    return refuse(exchange, state);
  }

 private:
  static Action refuse(engine::Exchange& exchange, const State& state) {
    exchange.replyError(state.expects ? 417 : 413, "Request size limit exceeded");
    return Action::kPause;
  }

  int64_t limit_;
  bool needsLength_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(RequestSizeLimiting)

}  // namespace tollgate::filters
