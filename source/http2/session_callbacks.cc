// What nghttp2 calls, handed on to the codec.

#include "source/http2/fields.h"
#include "source/http2/server_codec.h"

namespace tollgate::http2 {
/// The callbacks. All return 0: nothing that happens to a stream may end the session by a fatal
/// code, which would leave streams behind.
struct Codec::Glue {
  static Codec& of(void* user) { return *static_cast<Codec*>(user); }
  static Stream* stream(nghttp2_session* session, int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int frameBegins(nghttp2_session*, const nghttp2_frame_hd* frame, void* user) {
    of(user).frameBegins(*frame);
    return 0;
  }
  static int beginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    of(user).beginHead(*frame);
    return 0;
  }
  static int header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                    nghttp2_rcbuf* value, uint8_t, void* user) {
    Stream* to = stream(session, frame->hd.stream_id);
    if (to != nullptr) of(user).headerField(*to, viewOf(name), viewOf(value));
    return 0;
  }
  static int invalidHeader(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf*,
                           nghttp2_rcbuf*, uint8_t, void* user) {
    Stream* to = stream(session, frame->hd.stream_id);
    if (to == nullptr) return 0;
    of(user).head_.fail(400, "a field of the request is malformed");
    if (to->headReady) to->badTrailers = true;
    return 0;
  }
  static int frameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    of(user).frameReceived(*frame);
    return 0;
  }
  static int invalidFrame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
    of(user).frameInvalid(*frame, error);
    return 0;
  }
  static int data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                  void* user) {
    of(user).bodyReceived(stream(session, id), id, viewOf(bytes, size));
    return 0;
  }
  static int frameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    of(user).frameSent(*frame);
    return 0;
  }
  static int sendData(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                      nghttp2_data_source* source, void* user) {
    of(user).writeData(*static_cast<Stream*>(static_cast<Outgoing*>(source->ptr)), viewOf(head, 9),
                       size);
    return 0;
  }
  static int streamClosed(nghttp2_session* session, int32_t id, uint32_t error, void* user) {
    Stream* gone = stream(session, id);
    if (gone != nullptr) of(user).streamClosed(*gone, error);
    return 0;
  }
};

nghttp2_session* Codec::makeSession() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  nghttp2_session* session = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return nullptr;
  }
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, Glue::frameBegins);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Glue::beginHeaders);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, Glue::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, Glue::invalidHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Glue::frameReceived);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Glue::invalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Glue::data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Glue::frameSent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Glue::sendData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Glue::streamClosed);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_settings(option, 32);
  nghttp2_option_set_max_outbound_ack(option, 1000);
  nghttp2_option_set_max_continuations(option, limits_.maxContinuations);
  nghttp2_session_server_new2(&session, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

}  // namespace tollgate::http2
