#include <algorithm>
#include <string>
#include <vector>

#include "filters/http/acl/acl.pb.h"
#include "filters/http/common/http_filter_entry.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

constexpr std::string_view kGroupsHeader = "X-Consumer-Groups";

/// Lets consumers pass by the groups that they are in.
class Acl final : public engine::Filter<http::acl::v1::Config> {
 public:
  explicit Acl(const Config& config)
      : denies_(config.deny_size() > 0), tells_(!config.hide_groups_header()) {
    const auto& listed = denies_ ? config.deny() : config.allow();
    listed_.assign(listed.begin(), listed.end());
    std::sort(listed_.begin(), listed_.end());
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    const engine::Consumer* consumer = exchange.consumer();
    const bool proved = !exchange.credentialId().empty();
    if (consumer == nullptr) return refuse(exchange, proved);
    const engine::ConsumerGroups* groups = exchange.directory().groupsOf(*consumer);
    if (groups == nullptr && !denies_) return refuse(exchange, proved);
    if (groups != nullptr && isListed(*groups) == denies_) return refuse(exchange, true);
    if (tells_) tell(exchange, groups);
    return engine::Action::kContinue;
  }

 private:
  bool isListed(const engine::ConsumerGroups& groups) const {
    return std::any_of(groups.names.begin(), groups.names.end(), [&](const std::string& group) {
      return std::binary_search(listed_.begin(), listed_.end(), group);
    });
  }

  static void tell(engine::Exchange& exchange, const engine::ConsumerGroups* groups) {
    engine::HeaderMap& headers = exchange.request().headers;
    if (groups == nullptr || groups->wellFormed) {
      headers.setChecked(kGroupsHeader, groups != nullptr ? groups->joined : std::string_view());
    } else {
      headers.set(kGroupsHeader, groups->joined);  // left out of the head where it is unfit
    }
  }

  /// `proved`: who is asking is known, and may not.
  static engine::Action refuse(engine::Exchange& exchange, bool proved) {
    exchange.replyError(proved ? 403 : 401,
                        proved ? "You cannot consume this service" : "Unauthorized");
    return engine::Action::kPause;
  }

  std::vector<std::string> listed_;  ///< Sorted.
  bool denies_, tells_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(Acl)

}  // namespace tollgate::filters
