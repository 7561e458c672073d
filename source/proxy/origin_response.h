#pragma once

#include "source/http/codec.h"

namespace tollgate::proxy {

class ProxyExchange;

/// What the origin says, on its way through the filters to the client.
class OriginResponse final : public http::ResponseSink {
 public:
  explicit OriginResponse(ProxyExchange& exchange) : exchange_(exchange) {}

  void onInformational(int status, http::HeaderMap& headers) override;
  void onResponseHead(bool end) override;
  void onResponseBody(buffer::Buffer& data, bool end) override;
  void onResponseTrailers(http::HeaderMap& trailers) override;
  void onResponseError(http::StreamError error, std::string_view detail) override;
  void onRequestWritable() override;
  http::ResponseHead& response() override;
  Arena& arena() override;
  void pin(buffer::SlabRef slab) override;

 private:
  ProxyExchange& exchange_;
};

}  // namespace tollgate::proxy
