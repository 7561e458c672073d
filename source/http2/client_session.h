#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/http2/client_codec.h"
#include "source/http2/client_stream.h"
#include "source/http2/cost_account.h"
#include "source/http2/fields.h"
#include "source/http2/response_reader.h"

namespace tollgate::http2 {

/// nghttp2 on one side, streams and their sinks on the other. nghttp2 receives and sends only from
/// settle() and receive(), never while one of its callbacks or a sink runs; sinks hear of their
/// responses (but interim ones) only when nghttp2 is done with a piece of input.
class ClientSession final : public ClientCodec {
 public:
  ClientSession(ClientCodecHandler& handler, buffer::Buffer& output, const ClientLimits& limits,
                bool secure, event::EventLoop& loop, OriginCounters& counters);
  ~ClientSession() override;

  bool available() const override;
  http::ClientStream& open() override;
  size_t streams() const override { return streams_.size() + unsent_.size(); }
  void onData(buffer::Buffer& input, bool end) override;
  void onWritable() override { flush(); }
  void flush() override;
  void leave() override;
  void onConnectionClosed(std::string_view reason) override {
    end(reason, http::StreamError::kPeerClosed);
  }

  // Used by streams.
  nghttp2_session* session() { return session_; }
  const ClientLimits& limits() const { return limits_; }
  std::string_view scheme() const { return secure_ ? "https" : "http"; }
  bool outputFull() const { return output_.size() > limits_.outputHighBytes; }
  /// Where a head is put together.
  FieldList& fields() { return fields_; }
  /// Submits the head in fields(). `end`: no body follows.
  void begin(ClientStream& stream, bool end);
  /// Nobody wants the response any more.
  void giveUp(ClientStream& stream, http::StreamError error);
  void markDirty(ClientStream& stream);
  void awaitWritable(const ClientStream& stream) {
    awaiting_ += stream.awaitsWritable ? 0 : 1;
    stream.awaitsWritable = true;
  }
  /// Something was queued.
  void touch() {
    if (!busy_ && !closed_) handler_.onCodecOutput();
  }

 private:
  // The callbacks of nghttp2; see client_callbacks.cc.
  struct Glue;
  friend struct Glue;
  /// A session with them; nullptr without memory.
  nghttp2_session* makeSession();

  // Input.
  void receive();
  void beginHead(const nghttp2_frame& frame);
  void headerField(ClientStream& stream, std::string_view name, std::string_view value);
  void finishHead(ClientStream& stream);
  void frameReceived(const nghttp2_frame& frame);
  void bodyReceived(ClientStream* stream, int32_t id, std::string_view bytes);
  void goawayReceived(const nghttp2_goaway& frame);
  void streamClosed(ClientStream& stream, uint32_t error);

  // What sinks are told: client_delivery.cc.
  void deliverDirty();
  void deliver(ClientStream& stream);
  void deliverBody(ClientStream& stream);
  http::ResponseSink& finish(ClientStream& stream);
  void fail(ClientStream& stream, http::StreamError error, std::string_view detail);
  void took(ClientStream& stream, size_t bytes);
  void free(ClientStream& stream);
  bool notifyWritable();

  // Output.
  void settle();
  void pump();
  void writeData(ClientStream& stream, std::string_view frameHead, size_t size);
  void frameSent(const nghttp2_frame& frame);

  // The end.
  void charge(Cost cost);
  void probe();
  void onPingTimer();
  void afterwards();
  void end(std::string_view reason, http::StreamError error);
  ClientStream* find(int32_t id);

  ClientCodecHandler& handler_;
  buffer::Buffer& output_;
  const ClientLimits limits_;
  event::EventLoop& loop_;
  OriginCounters& counters_;
  CostAccount account_;
  ResponseReader reader_;
  FieldList fields_;
  nghttp2_session* session_ = nullptr;
  buffer::Buffer* input_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<ClientStream>> streams_;
  std::vector<std::unique_ptr<ClientStream>> unsent_;  ///< Open, without a head yet.
  std::vector<ClientStream*> dirty_;
  std::string_view closeReason_;
  size_t held_ = 0;               ///< Response bytes in all streams.
  size_t owed_ = 0;               ///< Bytes by which the connection's window is not yet open again.
  size_t awaiting_ = 0;           ///< Streams that are to be told when they are writable.
  uint32_t updatesCovered_ = 16;  ///< WINDOW_UPDATE frames that DATA we sent pays for.
  const bool secure_;
  bool busy_ = false;
  bool failed_ = false;
  bool settled_ = false;    ///< The origin's SETTINGS are here.
  bool goingAway_ = false;  ///< No stream may begin.
  bool refusing_ = false;   ///< The origin has refused a stream, and completed none since.
  bool doubtful_ = false;   ///< It was sent a PING, and has said nothing since.
  bool changed_ = false;    ///< The handler is to look at streams() and available().
  bool inputEnded_ = false;
  bool closed_ = false;
  event::MemberTimer<ClientSession, &ClientSession::onPingTimer> pingTimer_{*this};
};

}  // namespace tollgate::http2
