#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/http2/codec.h"
#include "source/http2/cost_account.h"
#include "source/http2/stream.h"

namespace tollgate::http2 {

/// nghttp2 on one side, streams and their sinks on the other. nghttp2 receives and sends only from
/// settle() and receive(), never while one of its callbacks or a sink runs.
class Codec final : public ServerCodec {
 public:
  Codec(http::ServerCodecHandler& handler, buffer::Buffer& output, const Http2Limits& limits,
        event::EventLoop& loop);
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
  const Http2Limits& limits() const { return limits_; }
  bool outputFull() const { return output_.size() > limits_.outputHighBytes; }
  void resume(Stream& stream);
  void markForDelivery(const Stream& stream) { dirty_.push_back(stream.id); }
  /// The exchange is done with the stream: forget the sink and what was received for it.
  void detach(Stream& stream);

 private:
  // The callbacks of nghttp2; see session_callbacks.cc.
  struct Glue;
  friend struct Glue;
  /// A session with them; nullptr without memory.
  nghttp2_session* makeSession();

  // Input.
  void receive();
  void beginHead(const nghttp2_frame& frame);
  void headerField(Stream& stream, std::string_view name, std::string_view value);
  void pseudoField(Stream& stream, std::string_view name, std::string_view value);
  void trailerField(Stream& stream, std::string_view name, std::string_view value);
  void finishHead(Stream& stream);
  void checkHead(Stream& stream);
  void frameReceived(const nghttp2_frame& frame);
  void endReceived(Stream& stream, const nghttp2_frame& frame);
  void deliver(Stream& stream);
  void dropBody(Stream& stream);
  void giveWindowBack(Stream& stream);
  static void fail(Stream& stream, int status, const char* reason);

  // Output.
  void settle();
  void deliverDirty();
  void pump();
  bool notifyWritable();
  void frameSent(const nghttp2_frame& frame);

  // The end.
  void streamClosed(Stream& stream, uint32_t error);
  void charge(Cost cost);
  void onDrainTimer();
  void onHoldTimer();
  void finishDrain();
  void closeIfDone();
  Stream* find(int32_t id);

  http::ServerCodecHandler& handler_;
  buffer::Buffer& output_;
  Http2Limits limits_;
  event::EventLoop& loop_;
  CostAccount account_;
  nghttp2_session* session_ = nullptr;
  buffer::Buffer* input_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<int32_t> dirty_;             ///< Streams with something to deliver.
  std::vector<int32_t> held_;              ///< Streams delayed by a low account.
  std::vector<std::string_view> cookies_;  ///< Crumbs of the head that is arriving.
  Stream* openHead_ = nullptr;             ///< The stream whose header block is arriving.
  std::string_view closeReason_ = "the peer ended the connection";
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
};

}  // namespace tollgate::http2
