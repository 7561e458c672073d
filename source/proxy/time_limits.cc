#include <algorithm>

#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

/// How long an exchange waits for its client and for its origin: a timer for each, so that neither
/// is blamed for the other. What a filter waits for counts for neither.
namespace tollgate::proxy {

namespace {

/// Whether `bytes` within `time` are fewer than `rate` bytes a second.
bool tooFew(uint64_t bytes, std::chrono::milliseconds time, size_t rate) {
  return bytes * 1000 < rate * static_cast<uint64_t>(time.count());
}

}  // namespace

// ---- The client --------------------------------------------------------------------------------

/// From now on the client is expected to send the body of its request.
void ProxyExchange::awaitBody() {
  if (!hasBody_ || bodyEnded_ || bodyPaused_ || tunnel_ || clientWait_ == ClientWait::kBody) return;
  clientWait_ = ClientWait::kBody;
  clientBytes_ = info_.requestBytes;
  clientMoved_ = clientSince_ = worker_.loop.now();
  worker_.loop.arm(clientTimer_, worker_.settings.bodyTimeout);
}

/// From now on the client is expected to read what is queued of the response.
void ProxyExchange::awaitReader() {
  if (worker_.settings.sendTimeout.count() == 0) return;  // no limit
  clientWait_ = ClientWait::kReading;
  clientBytes_ = stream_->queued();
  worker_.loop.arm(clientTimer_, worker_.settings.sendTimeout);
}

void ProxyExchange::onClientTimeout() {
  if (clientWait_ == ClientWait::kReading) return checkReader();
  const ProxySettings& settings = worker_.settings;
  const event::TimePoint now = worker_.loop.now();
  // A rate counts over the whole time.
  const bool whole = now - clientSince_ >= settings.bodyTimeout;
  const uint64_t came = info_.requestBytes - clientBytes_;
  const bool slow = whole && tooFew(came, settings.bodyTimeout, settings.bodyMinRate);
  if (now - clientMoved_ < settings.bodyTimeout && !slow) {
    if (whole) {
      clientBytes_ = info_.requestBytes;
      clientSince_ = now;
    }
    return worker_.loop.armAt(clientTimer_,
                              std::min(clientMoved_, clientSince_) + settings.bodyTimeout);
  }
  clientWait_ = ClientWait::kNothing;
  closeHttp1();
  engineError(408);
}

/// While the client reads, nothing is added to what is queued.
void ProxyExchange::checkReader() {
  const ProxySettings& settings = worker_.settings;
  const uint64_t queued = stream_->queued();
  if (queued == 0) return stopAwaitingClient();
  const uint64_t taken = clientBytes_ - std::min(clientBytes_, queued);
  if (taken > 0 && !tooFew(taken, settings.sendTimeout, settings.sendMinRate)) {
    clientBytes_ = queued;
    return worker_.loop.arm(clientTimer_, settings.sendTimeout);
  }
  clientWait_ = ClientWait::kNothing;
  dropUpstream();
  if (request_->version != http::Version::kHttp2) return manager_->drop();  // this is told of it
  http::ServerStream* stream = stream_;
  stream_ = nullptr;
  stream->reset(http::StreamError::kTimeout);
  touch();
  end();
}

// ---- The origin --------------------------------------------------------------------------------

void ProxyExchange::armUpstreamTimer(std::chrono::milliseconds limit) {
  worker_.loop.arm(upstreamTimer_, limit);
}

/// The request is on its way: time to take more of it, or to answer once it is complete.
void ProxyExchange::watchOrigin() {
  const uint64_t taken = upstream_->connection().bytesWritten();
  const bool moved = taken != upstreamTook_ || !upstreamTimer_.armed();
  if (moved) {
    upstreamTook_ = taken;
    upstreamMoved_ = worker_.loop.now();
  }
  if (requestEnded_) {
    armUpstreamTimer(service_->readTimeout);
  } else if (moved) {
    armUpstreamTimer(service_->writeTimeout);
  }
}

/// True while the origin has time left for what it was given of the request; its timer then runs
/// on, unless it is the client that is waited for.
bool ProxyExchange::originMaySend() {
  net::Connection& connection = upstream_->connection();
  if (connection.output().empty()) {
    if (requestEnded_ && !upstreamSending_) return false;
    upstreamSending_ = false;
    if (requestEnded_) armUpstreamTimer(service_->readTimeout);
    return true;
  }
  upstreamSending_ = true;
  const event::TimePoint now = worker_.loop.now();
  if (connection.bytesWritten() != upstreamTook_) {
    upstreamTook_ = connection.bytesWritten();
    upstreamMoved_ = now;
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      upstreamMoved_ + service_->writeTimeout - now);
  if (left.count() <= 0) return false;
  armUpstreamTimer(requestEnded_ ? std::min(left, service_->readTimeout) : left);
  return true;
}

void ProxyExchange::onUpstreamTimeout() {
  if (state_ == State::kForwarding && upstream_ != nullptr && originMaySend()) return;
  if (upstream_ != nullptr) {
    upstream_->abort();
    upstream_ = nullptr;
  }
  attemptFailed(true, true, "timeout");
  touch();
}

}  // namespace tollgate::proxy
