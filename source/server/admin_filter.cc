#include "source/server/admin_filter.h"

#include "source/admin/write_options.h"
#include "source/event/event_loop.h"

namespace tollgate::server {
namespace {

class NoDirectory final : public http::Directory {
 public:
  http::KeyOwner findKey(std::string_view) const override { return {}; }
  const http::Consumer* findConsumerById(std::string_view) const override { return nullptr; }
  const http::Consumer* findConsumerByName(std::string_view) const override { return nullptr; }
};

admin::Request requestOf(http::Exchange& exchange) {
  admin::Request out;
  out.method = exchange.request().method;
  out.target = exchange.request().target;
  out.clientAddress = exchange.clientIp();
  if (!exchange.actor().empty()) out.actor = exchange.actor();
  exchange.request().headers.forEach(
      [&](const http::Header& header) { out.headers.emplace_back(header.name(), header.value()); });
  if (const buffer::Buffer* body = exchange.wholeRequestBody()) out.body = body->toString();
  return out;
}

void answer(http::Exchange& exchange, const admin::Response& response) {
  http::HeaderMap& headers = exchange.response().headers;
  Arena& arena = exchange.arena();
  std::string_view type;
  for (const auto& [name, value] : response.headers) {
    if (http::codeOf(name) == http::HeaderCode::kContentLength) continue;  // the engine counts
    std::string_view kept = arena.copy(value);
    if (http::codeOf(name) == http::HeaderCode::kContentType) {
      type = kept;
    } else {
      headers.add(arena.copy(name), kept);
    }
  }
  exchange.reply(response.status, type, response.body);
}

/// The answer, from the control thread to the connection's, if that is still there.
void send(event::EventLoop& loop, http::PauseHandle handle, admin::Response response) {
  loop.post([handle, response = std::move(response)] {
    if (http::Exchange* waiting = handle.get()) answer(*waiting, response);
  });
}

/// Only what needs neither the store nor the control thread.
bool answeredInline(std::string_view path) { return path == "/status"; }

}  // namespace

std::shared_ptr<const proxy::Snapshot> snapshotOf(std::shared_ptr<const http::HttpFilter> filter) {
  auto plan = std::make_shared<http::FilterPlan>();
  http::PlanEntry& entry = plan->entries.emplace_back();
  entry.fallback = filter.get();
  plan->finish();
  plan->owned.push_back(std::move(filter));
  auto route = std::make_shared<proxy::Route>();
  auto snapshot = std::make_shared<proxy::Snapshot>();
  route::RouteSpec spec;
  spec.paths = {"/"};
  spec.payload = route.get();
  spec.owner = route;
  snapshot->routes = route::RouteTable::build({spec});
  snapshot->directory = std::make_shared<NoDirectory>();
  snapshot->globalPlan = std::move(plan);
  return snapshot;
}

http::Action AdminFilter::onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const {
  admin::Request request = requestOf(exchange);
  if (answeredInline(exchange.normalizedPath())) {
    answer(exchange, api_.handle(request));
    return http::Action::kPause;
  }
  event::EventLoop& loop = exchange.loop();
  http::PauseHandle handle = exchange.pauseHandle();
  if (reader_ != nullptr && AdminReader::isRead(request)) {
    reader_->answer(std::move(request), [&loop, handle](admin::Response response) {
      send(loop, handle, std::move(response));
    });
    return http::Action::kPause;
  }
  control_.post([this, &loop, handle, request = std::move(request)] {
    admin::Response response = api_.handle(request);
    if (response.wait) return park(loop, handle, std::move(response));
    send(loop, handle, std::move(response));
  });
  return http::Action::kPause;
}

/// Holds an answer back for the other nodes; the control thread goes on meanwhile.
void AdminFilter::park(event::EventLoop& loop, http::PauseHandle handle,
                       admin::Response response) const {
  const admin::Response::Wait wait = *response.wait;
  control_.awaitAll(
      wait.revision, RevisionWaiters::Clock::now() + wait.timeout,
      [&loop, handle, wait,
       response = std::move(response)](const RevisionWaiters::Outcome& outcome) mutable {
        if (outcome.unknown || !outcome.lagging.empty()) {
          admin::answerLagging(response, wait.revision, outcome.lagging, outcome.unknown);
        }
        send(loop, handle, std::move(response));
      });
}

http::Action StatusFilter::onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const {
  std::string_view path = exchange.normalizedPath();
  if (path == "/status") {
    answer(exchange, api_.handle(requestOf(exchange)));
  } else if (path == "/status/ready") {
    std::string why = source_.notReady();
    std::string body = why.empty() ? R"({"message":"ready"})" : R"({"message":")" + why + R"("})";
    exchange.reply(why.empty() ? 200 : 503, "application/json; charset=utf-8", body);
  } else {
    exchange.replyError(404, "Not found");
  }
  return http::Action::kPause;
}

}  // namespace tollgate::server
