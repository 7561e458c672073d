// What nghttp2 calls, handed on to the session.

#include "source/http2/client_session.h"

namespace tollgate::http2 {

/// The callbacks. All return 0: nothing that happens to a stream may end the session by a fatal
/// code, which would leave streams behind.
struct ClientSession::Glue {
  static ClientSession& of(void* user) { return *static_cast<ClientSession*>(user); }

  static int beginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    of(user).beginHead(*frame);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                    nghttp2_rcbuf* value, uint8_t, void* user) {
    ClientStream* to = of(user).find(frame->hd.stream_id);
    if (to != nullptr) of(user).headerField(*to, viewOf(name), viewOf(value));
    return 0;
  }
  static int invalidHeader(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                           uint8_t, void* user) {
    of(user).reader_.fail(502, "a field of the response is malformed");
    return 0;
  }
  static int frameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    of(user).frameReceived(*frame);
    return 0;
  }
  static int invalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    of(user).charge(Cost::kOddity);
    return 0;
  }
  static int data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                  void* user) {
    of(user).bodyReceived(of(user).find(id), id, viewOf(bytes, size));
    return 0;
  }
  static int frameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    of(user).frameSent(*frame);
    return 0;
  }
  /// Of a request that waited until the origin had said goodbye, or that was given up meanwhile.
  static int frameNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    ClientStream* stream = of(user).find(frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_HEADERS && stream != nullptr && !stream->closed) {
      of(user).streamClosed(*stream, NGHTTP2_REFUSED_STREAM);
    }
    return 0;
  }
  static int sendData(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                      nghttp2_data_source* source, void* user) {
    auto& stream = *static_cast<ClientStream*>(static_cast<Outgoing*>(source->ptr));
    of(user).writeData(stream, viewOf(head, 9), size);
    return 0;
  }
  static int streamClosed(nghttp2_session*, int32_t id, uint32_t error, void* user) {
    ClientStream* gone = of(user).find(id);
    if (gone != nullptr) of(user).streamClosed(*gone, error);
    return 0;
  }
};

nghttp2_session* ClientSession::makeSession() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  nghttp2_session* session = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return nullptr;
  }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Glue::beginHeaders);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, Glue::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, Glue::invalidHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Glue::frameReceived);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Glue::invalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Glue::data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Glue::frameSent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Glue::frameNotSent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Glue::sendData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Glue::streamClosed);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_settings(option, 32);
  nghttp2_option_set_max_outbound_ack(option, 1000);
  nghttp2_option_set_max_continuations(option, limits_.maxContinuations);
  nghttp2_session_client_new2(&session, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

}  // namespace tollgate::http2
