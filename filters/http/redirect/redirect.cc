#include <memory>
#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/redirect/location.h"
#include "filters/http/redirect/redirect.pb.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Action;

class Redirect final : public engine::Filter<http::redirect::v1::Config> {
 public:
  Redirect(const Config& config, const engine::FilterContext&)
      : text_(config.location()),
        location_(config.location()),
        status_(config.status_code()),
        keepsPath_(config.keep_incoming_path()) {}

  Action onRequest(engine::Exchange& exchange, State&) const {
    const std::string_view to =
        keepsPath_ ? location_.with(exchange.normalizedPath(), exchange.query(), exchange.arena())
                   : std::string_view(text_);
    exchange.response().headers.set(engine::HeaderCode::kLocation, to);
    exchange.reply(status_, "", "redirecting");
    return Action::kPause;
  }

 private:
  std::string text_;
  redirect::Location location_;
  int status_;
  bool keepsPath_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(Redirect)

}  // namespace tollgate::filters
