#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/http2/codec.h"
#include "source/http2/cost_account.h"
#include "source/http2/head_reader.h"
#include "source/http2/left_streams.h"
#include "source/http2/stream.h"

namespace tollgate::http2 {

/// nghttp2 on one side, streams and their sinks on the other. nghttp2 receives and sends only from
/// settle() and receive(), never while one of its callbacks or a sink runs.
class Codec final : public ServerCodec {
 public:
  Codec(http::ServerCodecHandler& handler, buffer::Buffer& output, const Http2Limits& limits,
        event::EventLoop& loop, Counters& counters);
  ~Codec() override;

  void onData(buffer::Buffer& input, bool end) override;
  void onWritable() override;
  void flush() override;
  void drain() override;
  void onConnectionClosed() override;
  size_t activeStreams() const override { return streams_.size(); }
  bool idle() const override { return streams_.empty(); }
  bool headStarted() const override { return openHead_ != nullptr; }

  // Used by streams.
  nghttp2_session* session() { return session_; }
  bool outputFull() const { return output_.size() > limits_.outputHighBytes; }
  /// Bytes of its response that a stream may queue before its source has to wait.
  size_t allowance() const;
  /// Queues all of `data` as the stream's.
  void queue(Stream& stream, buffer::Buffer& data);
  /// The answer has begun, or never will.
  void started(Stream& stream) {
    starting_ -= stream.starting ? 1 : 0;
    stream.starting = false;
  }
  /// Tell the stream's sink when it may go on.
  void awaitWritable(const Stream& stream) {
    awaiting_ += stream.awaitsWritable ? 0 : 1;
    stream.awaitsWritable = true;
  }
  void markForDelivery(const Stream& stream) { dirty_.push_back(stream.id); }
  /// The exchange is done with the stream: forget the sink and what was received for it.
  void detach(Stream& stream);
  /// Resets the stream; what is queued of its response is lost. Its sink, if it still has one, is
  /// told when the reset has been sent.
  void abandon(Stream& stream, uint32_t code);

 private:
  // The callbacks of nghttp2; see session_callbacks.cc.
  struct Glue;
  friend struct Glue;
  /// A session with them; nullptr without memory.
  nghttp2_session* makeSession();

  // Input.
  void receive();
  void frameBegins(const nghttp2_frame_hd& frame);
  void beginHead(const nghttp2_frame& frame);
  void headerField(Stream& stream, std::string_view name, std::string_view value);
  void finishHead(Stream& stream);
  void frameReceived(const nghttp2_frame& frame);
  void frameInvalid(const nghttp2_frame& frame, int error);
  void endReceived(Stream& stream, const nghttp2_frame& frame);
  void bodyReceived(Stream* stream, int32_t id, std::string_view bytes);

  // Output.
  void settle();
  void pump();
  void writeData(Stream& stream, std::string_view frameHead, size_t size);
  bool notifyWritable();
  void frameSent(const nghttp2_frame& frame);
  void dropOutput(Stream& stream);

  // What sinks are told: delivery.cc.
  void deliverDirty();
  void deliver(Stream& stream);
  void begin(Stream& stream);
  void deliverBody(Stream& stream);
  void discard(Stream& stream, size_t size);
  void dropBody(Stream& stream);
  void giveWindowBack(Stream& stream);
  bool roomForRequest() const;
  bool roomForBody();
  void took(Stream& stream, size_t bytes);
  void unblock();
  void releaseWaiting();
  void onHoldTimer();

  // Clients that do nothing: stalls.cc.
  void armTick();
  void onTick();
  void lookAfter(Stream& stream, event::TimePoint now);

  // The end.
  void streamClosed(Stream& stream, uint32_t error);
  void charge(Cost cost);
  void endSession(std::string_view reason, uint32_t code);
  void flushFromTimer();
  void onDrainTimer();
  void finishDrain();
  void closeIfDone();
  Stream* find(int32_t id);

  http::ServerCodecHandler& handler_;
  buffer::Buffer& output_;
  const Http2Limits limits_;
  event::EventLoop& loop_;
  Counters& counters_;
  CostAccount account_;
  HeadReader head_;
  LeftStreams left_;
  nghttp2_session* session_ = nullptr;
  buffer::Buffer* input_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<int32_t> dirty_;    ///< Streams with something to deliver.
  std::vector<int32_t> held_;     ///< Streams delayed by a low account.
  std::vector<int32_t> waiting_;  ///< Streams that wait for room, the oldest first.
  Stream* openHead_ = nullptr;    ///< The stream whose header block is arriving.
  std::string_view closeReason_;
  size_t queued_ = 0;             ///< Response bytes in all streams.
  size_t starting_ = 0;           ///< Requests with their sinks, of whose answer nothing is known.
  size_t taken_ = 0;              ///< Request bytes in all sinks, as far as is known.
  size_t blocked_ = 0;            ///< Streams whose body waits for other sinks.
  size_t awaiting_ = 0;           ///< Streams that are to be told when they are writable.
  int32_t lastId_ = 0;            ///< The highest that the client has used.
  uint32_t updatesCovered_ = 16;  ///< WINDOW_UPDATE frames that DATA we sent pays for.
  bool busy_ = false;
  bool failed_ = false;
  bool calmed_ = false;
  bool inputEnded_ = false;
  bool draining_ = false;
  bool drained_ = false;  ///< The last GOAWAY is queued.
  bool closed_ = false;
  event::MemberTimer<Codec, &Codec::onDrainTimer> drainTimer_{*this};
  event::MemberTimer<Codec, &Codec::onHoldTimer> holdTimer_{*this};
  event::MemberTimer<Codec, &Codec::onTick> tick_{*this};
};

}  // namespace tollgate::http2
