// Feeds arbitrary bytes to the HTTP/2 server codec. The first byte chooses the size of the pieces,
// the second the limits, and the next eight what the exchanges of the streams do, in turn.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "source/http2/codec.h"

namespace {

using namespace tollgate;

/// An exchange in the hands of filters that keep to nothing but the lifetime of the stream.
struct Exchange final : http::RequestSink {
  enum Habit : uint8_t {
    kEarly = 1,        ///< Answers the head, not the end of the request.
    kOddStatus = 2,    ///< 101, 204, 304 or 700.
    kTwice = 4,        ///< Two heads.
    kPauses = 8,       ///< Takes the body only when it was told twice.
    kInPieces = 16,    ///< Sends while it may, for ever.
    kTrailers = 32,    ///< Ends with trailers.
    kResets = 64,      ///< Gives up.
    kHeadLength = 128  ///< Says a length that need not be true.
  };

  Exchange(http::ServerStream& stream, buffer::SlabPool& pool, uint8_t habits)
      : stream(&stream), body(pool), habits(habits) {}

  void onRequestHead(bool end) override { next(end); }
  void onRequestBody(buffer::Buffer& data, bool end) override {
    body.moveFrom(data);
    if (has(kPauses) && !end && stream != nullptr) {
      paused = true;
      stream->pauseBody(true);
    }
    next(end);
  }
  void onRequestTrailers(http::HeaderMap&) override { next(true); }
  void onRequestReset(http::StreamError) override { stream = nullptr; }
  void onResponseWritable() override {
    if (stream != nullptr && started) sendPieces();
  }
  void onRequestError(int status, std::string_view) override { answer(status); }
  http::RequestHead& request() override { return head; }
  Arena& arena() override { return memory; }
  void pin(buffer::SlabRef) override {}

  bool has(Habit habit) const { return (habits & habit) != 0; }
  void next(bool end) {
    if (stream == nullptr || started || (!end && !has(kEarly))) return;
    answer(has(kOddStatus) ? std::array{101, 204, 304, 700}[habits >> 6] : 200);
  }
  void answer(int status) {
    if (stream == nullptr || started) return;
    started = true;
    if (has(kResets)) return reset();
    stream->sendInformational(status == 101 ? 101 : 103, nullptr);
    http::ResponseHead response(memory);
    response.status = status;
    if (has(kHeadLength)) response.headers.add("content-length", "5");
    stream->sendHead(response, false);
    if (has(kTwice)) stream->sendHead(response, false);
    if (has(kInPieces)) return sendPieces();
    finish();
  }
  void sendPieces() {
    for (int i = 0; i < 64 && !stream->congested(); ++i) {
      body.append(std::string_view("0123456789abcdef"));
      stream->sendBody(body, false);
    }
  }
  void finish() {
    if (has(kTrailers)) {
      stream->sendBody(body, false);
      http::HeaderMap trailers(memory);
      trailers.add("x-trailer", "end");
      stream->sendTrailers(trailers);
    } else {
      stream->sendBody(body, true);
    }
    stream = nullptr;
  }
  void reset() {
    stream->reset(http::StreamError::kLocal);
    stream = nullptr;
  }
  /// Between two reads.
  void goOn() {
    if (stream == nullptr) return;
    if (paused) {
      paused = false;
      stream->pauseBody(false);
    }
    if (started && has(kTrailers)) finish();
  }

  http::ServerStream* stream;
  Arena memory;
  http::RequestHead head{memory};
  buffer::Buffer body;
  const uint8_t habits;
  bool started = false;
  bool paused = false;
};

struct Handler final : http::ServerCodecHandler {
  http::RequestSink& newRequest(http::ServerStream& stream) override {
    uint8_t chosen = habits[exchanges.size() % habits.size()];
    exchanges.push_back(std::make_unique<Exchange>(stream, pool, chosen));
    return *exchanges.back();
  }
  void onCodecClose(std::string_view) override { closed = true; }
  buffer::SlabPool pool;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  std::array<uint8_t, 8> habits{};
  bool closed = false;
};

http2::Http2Limits limitsBy(uint8_t choice) {
  http2::Http2Limits limits;
  if ((choice & 1) != 0) limits.discardBytes = 100;
  if ((choice & 2) != 0) limits.heldBytes = 64 * 1024;
  if ((choice & 4) != 0) limits.maxConcurrentStreams = 2;
  if ((choice & 8) != 0) limits.streamWindow = 64;
  if ((choice & 16) != 0) limits.sendTimeout = limits.discardIdle = event::Millis(1);
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static event::EventLoop loop;
  constexpr size_t kChoices = 10;
  if (size < kChoices) return 0;
  Handler handler;
  std::copy_n(data + 2, handler.habits.size(), handler.habits.begin());
  buffer::Buffer input(handler.pool);
  buffer::Buffer output(handler.pool);
  http2::Counters counters;
  auto codec = http2::makeServerCodec(handler, output, limitsBy(data[1]), loop, counters);
  bool unread = (data[1] & 32) != 0;  // the client reads nothing
  input.append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  size_t step = data[0] + 1u;
  for (size_t at = kChoices; at < size && !handler.closed; at += step) {
    input.append({reinterpret_cast<const char*>(data) + at, std::min(step, size - at)});
    codec->onData(input, false);
    if (!unread) output.clear();
    for (size_t i = 0; i < handler.exchanges.size(); ++i) handler.exchanges[i]->goOn();
    if ((data[1] & 16) != 0) loop.runOnce(event::Millis(0));
    codec->onWritable();
    if (!unread) output.clear();
    if ((data[1] & 64) != 0 && at > size / 2) codec->drain();
  }
  codec->onConnectionClosed();
  return 0;
}
