#include "source/proxy/origin_response.h"

#include "source/proxy/client_fields.h"
#include "source/proxy/exchange.h"

namespace tollgate::proxy {

http::ResponseHead& OriginResponse::response() { return *exchange_.response_; }
Arena& OriginResponse::arena() { return exchange_.arena_; }
void OriginResponse::pin(buffer::SlabRef slab) { exchange_.pin(std::move(slab)); }

void OriginResponse::onInformational(int status, http::HeaderMap& headers) {
  // 100 was answered by us; others pass to clients that can take them.
  if (status == 100 || exchange_.request_->version == http::Version::kHttp10) return;
  exchange_.state_.stream->sendInformational(status, &headers);
  exchange_.touch();
}

void OriginResponse::onResponseHead(bool end) {
  auto& state = exchange_.state_;
  http::ResponseHead& head = *exchange_.response_;
  http::ExchangeInfo& info = exchange_.info_;
  end ? exchange_.forwarder_.streamEnded() : exchange_.forwarder_.watch().stop();
  exchange_.client_.stop();  // it has its answer: the body goes on as the origin wants it
  info.proxied = true;
  info.failure = http::FailureCause::kNone;  // of an attempt before this one
  info.attempt.answered = exchange_.worker_.loop.now();
  info.attempt.status = head.status;
  const bool switching = head.status == 101;
  if (switching && !state.hop.upgrade) {
    return exchange_.forwarder_.attemptFailed(false, true, "upgrade that nobody asked for");
  }
  exchange_.forwarder_.choice().answered(head.status);
  removeHopByHop(head.headers, switching);
  const bool asksHead = info.edits != nullptr && info.edits->method == "HEAD";
  if (end && asksHead && exchange_.request_->method != "HEAD") {
    head.headers.remove(http::HeaderCode::kContentLength);  // of a body that the client will miss
  }
  if (!state.hop.trailersWanted) head.headers.remove(http::HeaderCode::kTrailer);
  exchange_.responder_.addProxyHeaders(false);
  exchange_.forwarder_.settle();
  if (exchange_.walk_.holdsResponses() && !exchange_.walk_.response(end)) return;
  exchange_.responder_.sendHead(end);
  if (switching) exchange_.startTunnel();
  if (end) {
    exchange_.finishResponse();
  } else if (state.phase == Phase::kResponding) {
    exchange_.forwarder_.watch().awaitResponse();
  }
}

void OriginResponse::onResponseBody(buffer::Buffer& data, bool end) {
  http::ServerStream* stream = exchange_.state_.stream;
  if (end) exchange_.forwarder_.streamEnded();
  if (stream == nullptr) return data.clear();
  BodyWalk& bodies = exchange_.walk_.bodies();
  if (bodies.takesResponse()) return bodies.response(data, end, nullptr);
  exchange_.info_.responseBytes += data.size();
  stream->sendBody(data, end);
  exchange_.touch();
  if (end) return exchange_.finishResponse();
  exchange_.forwarder_.watch().awaitResponse();
  if (stream->congested()) bodies.balanceOrigin();
}

void OriginResponse::onResponseTrailers(http::HeaderMap& trailers) {
  BodyWalk& bodies = exchange_.walk_.bodies();
  exchange_.forwarder_.streamEnded();
  if (bodies.takesResponse()) {
    buffer::Buffer nothing(exchange_.worker_.slabs);
    return bodies.response(nothing, true, &trailers);
  }
  exchange_.state_.stream->sendTrailers(trailers);
  exchange_.touch();
  exchange_.finishResponse();
}

void OriginResponse::onResponseError(http::StreamError error, std::string_view detail) {
  exchange_.forwarder_.streamFailed(error, detail);
  exchange_.touch();
}

void OriginResponse::onRequestWritable() { exchange_.forwarder_.writable(); }

}  // namespace tollgate::proxy
