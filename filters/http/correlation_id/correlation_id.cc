#include <memory>
#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/correlation_id/correlation_id.pb.h"
#include "filters/http/correlation_id/generator.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using correlation_id::Generator;
using engine::Action;

struct State {
  std::string_view id;  ///< "" before the request had one.
};

class CorrelationId final : public engine::Filter<http::correlation_id::v1::Config, State> {
 public:
  CorrelationId(const Config& config, const engine::FilterContext&)
      : name_(config.header_name()),
        generator_(Generator::named(config.generator())),
        echo_(config.echo_downstream()) {}

  Action onRequest(engine::Exchange& exchange, State& state) const {
    engine::HeaderMap& headers = exchange.request().headers;
    state.id = headers.get(name_);
    if (state.id.empty()) {
      state.id = generator_->make(exchange);
      headers.set(name_, state.id);
    }
    exchange.setCorrelationId(state.id);
    return Action::kContinue;
  }

  /// Also of a request that was answered before its turn came.
  Action onResponse(engine::Exchange& exchange, State& state, engine::ResponseHead& head) const {
    if (!echo_) return Action::kContinue;
    if (state.id.empty()) state.id = exchange.request().headers.get(name_);
    if (state.id.empty()) state.id = generator_->make(exchange);
    head.headers.set(name_, state.id);
    return Action::kContinue;
  }

 private:
  std::string name_;
  std::unique_ptr<const Generator> generator_;
  bool echo_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(CorrelationId)

}  // namespace tollgate::filters
