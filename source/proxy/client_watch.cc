#include "source/proxy/client_watch.h"

#include <algorithm>

#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

namespace tollgate::proxy {
namespace {

/// Whether `bytes` within `time` are fewer than `rate` bytes a second.
bool tooFew(uint64_t bytes, std::chrono::milliseconds time, size_t rate) {
  return bytes * 1000 < rate * static_cast<uint64_t>(time.count());
}

}  // namespace

void ClientWatch::awaitBody() {
  const auto& state = exchange_.state_;
  if (!state.hasBody || state.bodyEnded || state.tunnel || state_.wait == Wait::kBody ||
      exchange_.walk_.bodies().clientStopped()) {
    return;
  }
  WorkerContext& worker = exchange_.worker_;
  state_.wait = Wait::kBody;
  state_.bytes = exchange_.info_.requestBytes;
  state_.moved = state_.since = worker.loop.now();
  worker.loop.arm(timer_, worker.settings.bodyTimeout);
}

void ClientWatch::bodyMoved() { state_.moved = exchange_.worker_.loop.now(); }

void ClientWatch::awaitReader() {
  WorkerContext& worker = exchange_.worker_;
  if (worker.settings.sendTimeout.count() == 0) return;  // no limit
  state_.wait = Wait::kReading;
  state_.bytes = exchange_.state_.stream->queued();
  worker.loop.arm(timer_, worker.settings.sendTimeout);
}

void ClientWatch::onTimeout() {
  if (state_.wait == Wait::kReading) return checkReader();
  WorkerContext& worker = exchange_.worker_;
  const ProxySettings& settings = worker.settings;
  const event::TimePoint now = worker.loop.now();
  // A rate counts over the whole time.
  const bool whole = now - state_.since >= settings.bodyTimeout;
  const uint64_t came = exchange_.info_.requestBytes - state_.bytes;
  const bool slow = whole && tooFew(came, settings.bodyTimeout, settings.bodyMinRate);
  if (now - state_.moved < settings.bodyTimeout && !slow) {
    if (whole) {
      state_.bytes = exchange_.info_.requestBytes;
      state_.since = now;
    }
    return worker.loop.armAt(timer_, std::min(state_.moved, state_.since) + settings.bodyTimeout);
  }
  state_.wait = Wait::kNothing;
  exchange_.responder_.closeHttp1();
  exchange_.responder_.engineError(408);
}

/// While the client reads, nothing is added to what is queued.
void ClientWatch::checkReader() {
  auto& state = exchange_.state_;
  const ProxySettings& settings = exchange_.worker_.settings;
  const uint64_t queued = state.stream->queued();
  if (queued == 0) return stop();
  const uint64_t taken = state_.bytes - std::min(state_.bytes, queued);
  if (taken > 0 && !tooFew(taken, settings.sendTimeout, settings.sendMinRate)) {
    state_.bytes = queued;
    return exchange_.worker_.loop.arm(timer_, settings.sendTimeout);
  }
  state_.wait = Wait::kNothing;
  exchange_.forwarder_.drop();
  const bool http2 = exchange_.request_->version == http::Version::kHttp2;
  WorkerContext& worker = exchange_.worker_;
  (http2 ? worker.counters.http2.sendTimeout : worker.rules.counters.send).add();
  if (!http2) {
    return state.manager->drop();  // the exchange is told of it
  }
  http::ServerStream* stream = state.stream;
  state.stream = nullptr;
  stream->reset(http::StreamError::kTimeout);
  exchange_.touch();
  exchange_.end();
}

}  // namespace tollgate::proxy
