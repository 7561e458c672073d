// Feeds arbitrary bytes to the HTTP/2 server codec. The first byte chooses the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "source/http2/codec.h"

namespace {

using namespace tollgate;

struct Echo final : http::RequestSink {
  Echo(http::ServerStream& stream, buffer::SlabPool& pool) : stream(&stream), body(pool) {}
  void onRequestHead(bool end) override {
    if (end) answer(200);
  }
  void onRequestBody(buffer::Buffer& data, bool end) override {
    body.moveFrom(data);
    if (end) answer(200);
  }
  void onRequestTrailers(http::HeaderMap&) override { answer(200); }
  void onRequestReset(http::StreamError) override { stream = nullptr; }
  void onResponseWritable() override {}
  void onRequestError(int status, std::string_view) override { answer(status); }
  http::RequestHead& request() override { return head; }
  Arena& arena() override { return memory; }
  void pin(buffer::SlabRef) override {}
  void answer(int status) {
    http::ResponseHead response(memory);
    response.status = status;
    stream->sendHead(response, false);
    stream->sendBody(body, true);
    stream = nullptr;
  }
  http::ServerStream* stream;
  Arena memory;
  http::RequestHead head{memory};
  buffer::Buffer body;
};

struct Handler final : http::ServerCodecHandler {
  http::RequestSink& newRequest(http::ServerStream& stream) override {
    echoes.push_back(std::make_unique<Echo>(stream, pool));
    return *echoes.back();
  }
  void onCodecClose(std::string_view) override { closed = true; }
  buffer::SlabPool pool;
  std::vector<std::unique_ptr<Echo>> echoes;
  bool closed = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static event::EventLoop loop;
  Handler handler;
  buffer::Buffer input(handler.pool);
  buffer::Buffer output(handler.pool);
  auto codec = http2::makeServerCodec(handler, output, {}, loop);
  input.append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  // The first byte chooses how the rest is cut into reads.
  size_t step = size == 0 ? 1 : data[0] + 1u;
  for (size_t at = 1; at < size && !handler.closed; at += step) {
    input.append({reinterpret_cast<const char*>(data) + at, std::min(step, size - at)});
    codec->onData(input, false);
    output.clear();
    codec->onWritable();
    output.clear();
  }
  codec->onConnectionClosed();
  return 0;
}
