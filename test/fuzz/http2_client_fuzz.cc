// Feeds arbitrary bytes of an origin to the HTTP/2 client codec. The first byte chooses the size of
// the pieces, the second the limits, and the next eight what those who ask do with their streams,
// in turn.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "source/http2/client_codec.h"

namespace {

using namespace tollgate;

/// Whoever asks, with odd habits. Aborts when it hears what it must not.
struct Asker final : http::ResponseSink {
  enum Habit : uint8_t {
    kBody = 1,         ///< The request has a body, which ends some time later.
    kPauses = 2,       ///< Takes the body only when it was told twice.
    kResetsHead = 4,   ///< Gives up at the head.
    kResetsLater = 8,  ///< Gives up between two reads.
    kTrailers = 16,    ///< The request ends with trailers.
    kTimesOut = 32,    ///< Gives up for want of time.
    kHead = 64         ///< Asks for a head alone.
  };
  enum class State : uint8_t { kAsked, kHead, kOver };

  explicit Asker(uint8_t habits) : habits(habits) {}
  bool has(Habit habit) const { return (habits & habit) != 0; }
  static void check(bool holds) {
    if (!holds) std::abort();
  }

  void ask(http::ClientStream& opened, buffer::SlabPool& pool) {
    stream = &opened;
    http::HeaderMap headers(memory);
    headers.add("Host", "a");
    const bool body = has(kBody) || has(kTrailers);
    stream->sendHead({has(kHead) ? "HEAD" : "GET", "/", &headers}, !body, -1, *this);
    if (!body) return;
    buffer::Buffer data(pool);
    data.append(std::string_view("0123456789abcdef"));
    stream->sendBody(data, false);
  }
  /// Between two reads.
  void goOn(buffer::SlabPool& pool) {
    if (stream == nullptr) return;
    if (paused) {
      paused = false;
      stream->pauseBody(false);
    }
    if (++turns < 3) return;
    if (has(kResetsLater)) return reset(http::StreamError::kLocal);
    if (has(kTimesOut)) return reset(http::StreamError::kTimeout);
    if (sent) return;
    sent = true;
    http::HeaderMap trailers(memory);
    trailers.add("x-end", "1");
    buffer::Buffer data(pool);
    if (has(kTrailers)) {
      stream->sendTrailers(trailers);
    } else if (has(kBody)) {
      stream->sendBody(data, true);
    }
  }
  void reset(http::StreamError error) {
    stream->reset(error);
    over();
  }
  void over() {
    check(state != State::kOver);
    state = State::kOver;
    stream = nullptr;
  }

  void onInformational(int status, http::HeaderMap&) override {
    check(state == State::kAsked && status >= 100 && status < 200 && status != 101);
  }
  void onResponseHead(bool end) override {
    check(state == State::kAsked && head.status >= 200);
    head.headers.forEach([](const http::Header& each) {
      check(each.name().find_first_of("\r\n: ") == std::string_view::npos);
      check(each.value().find_first_of("\r\n") == std::string_view::npos);
    });
    if (end) return over();
    state = State::kHead;
    if (has(kResetsHead)) reset(http::StreamError::kLocal);
  }
  void onResponseBody(buffer::Buffer& data, bool end) override {
    check(state == State::kHead && !paused);
    data.clear();
    if (end) return over();
    if (!has(kPauses)) return;
    paused = true;
    stream->pauseBody(true);
  }
  void onResponseTrailers(http::HeaderMap&) override {
    check(state == State::kHead);
    over();
  }
  void onResponseError(http::StreamError, std::string_view detail) override {
    check(!detail.empty());
    over();
  }
  void onRequestWritable() override { check(state != State::kOver); }
  http::ResponseHead& response() override { return head; }
  Arena& arena() override { return memory; }
  void pin(buffer::SlabRef) override {}

  Arena memory;
  http::ResponseHead head{memory};
  http::ClientStream* stream = nullptr;
  const uint8_t habits;
  State state = State::kAsked;
  bool paused = false, sent = false;
  int turns = 0;
};

struct Handler final : http2::ClientCodecHandler {
  void onCodecStreams() override {}
  void onCodecClose(std::string_view) override { closed = true; }
  void onCodecOutput() override {}
  bool closed = false;
};

http2::ClientLimits limitsBy(uint8_t choice) {
  http2::ClientLimits limits;
  if ((choice & 1) != 0) limits.maxStreams = 2;
  if ((choice & 2) != 0) limits.heldBytes = 100;
  if ((choice & 4) != 0) limits.streamWindow = 64;
  if ((choice & 8) != 0) limits.message.maxHeadBytes = 200;
  if ((choice & 16) != 0) limits.pingTimeout = std::chrono::milliseconds(1);
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static event::EventLoop loop;
  constexpr size_t kChoices = 10, kAskers = 16;
  if (size < kChoices) return 0;
  buffer::SlabPool pool;
  buffer::Buffer input(pool), output(pool);
  Handler handler;
  http2::OriginCounters counters;
  std::vector<std::unique_ptr<Asker>> askers;
  auto codec = http2::makeClientCodec(handler, output, limitsBy(data[1]), true, loop, counters);
  const size_t step = data[0] + 1u;
  for (size_t at = kChoices; at < size && !handler.closed; at += step) {
    while (askers.size() < kAskers && codec->available()) {
      askers.push_back(std::make_unique<Asker>(data[2 + askers.size() % 8]));
      askers.back()->ask(codec->open(), pool);
    }
    codec->flush();
    output.clear();
    if (handler.closed) break;
    input.append({reinterpret_cast<const char*>(data) + at, std::min(step, size - at)});
    codec->onData(input, false);
    output.clear();
    for (auto& asker : askers) asker->goOn(pool);
    if ((data[1] & 16) != 0) loop.runOnce(event::Millis(0));
    if (!handler.closed) codec->onWritable();
    if ((data[1] & 64) != 0 && at > size / 2 && !handler.closed) codec->leave();
  }
  codec->onConnectionClosed("closed");
  for (auto& asker : askers) Asker::check(asker->state == Asker::State::kOver);
  return 0;
}
