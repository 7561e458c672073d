#pragma once

#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::proxy {

/// An HTTP/2 origin without a socket: bytes in, bytes out.
class H2Origin {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Request {
    std::map<std::string, std::string> fields, trailers;
    std::string body;
    bool headDone = false, ended = false, closed = false;
    // Its response.
    std::string answer;
    size_t answerAt = 0;  ///< What of it has left.
    size_t left() const { return answer.size() - answerAt; }
    Fields answerTrailers;
    bool answerEnded = false;
  };

  explicit H2Origin(uint32_t maxStreams = 100) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t n,
                      const uint8_t* value, size_t v, uint8_t, void* user) {
          Request& request = of(user).requests[frame->hd.stream_id];
          auto& into = request.headDone ? request.trailers : request.fields;
          into[std::string(reinterpret_cast<const char*>(name), n)].assign(
              reinterpret_cast<const char*>(value), v);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
          of(user).requests[id].body.append(reinterpret_cast<const char*>(data), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_PING) ++of(user).pings;
          if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
          Request& request = of(user).requests[frame->hd.stream_id];
          request.headDone = true;
          if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) request.ended = true;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t id, uint32_t, void* user) {
          of(user).requests[id].closed = true;
          return 0;
        });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry settings{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, maxStreams};
    nghttp2_submit_settings(session_, 0, &settings, 1);
  }
  H2Origin(const H2Origin&) = delete;
  ~H2Origin() { nghttp2_session_del(session_); }

  void receive(std::string_view bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                             bytes.size());
  }
  std::string output() {
    std::string out;
    const uint8_t* bytes = nullptr;
    while (true) {
      ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) return out;
      out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
  }

  /// Begins the response; `end`: that is all of it.
  void respond(int32_t id, const Fields& fields, bool end) {
    std::vector<nghttp2_nv> list = convert(fields);
    nghttp2_data_provider data{};
    data.source.ptr = this;
    data.read_callback = [](nghttp2_session* session, int32_t stream, uint8_t* to, size_t size,
                            uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      Request& request = static_cast<H2Origin*>(source->ptr)->requests[stream];
      const size_t part = request.answer.copy(reinterpret_cast<char*>(to), size, request.answerAt);
      request.answerAt += part;
      if (request.left() > 0) return static_cast<ssize_t>(part);
      if (!request.answerEnded)
        return part > 0 ? static_cast<ssize_t>(part) : ssize_t{NGHTTP2_ERR_DEFERRED};
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!request.answerTrailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv> trailers = convert(request.answerTrailers);
        nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size());
      }
      return static_cast<ssize_t>(part);
    };
    nghttp2_submit_response(session_, id, list.data(), list.size(), end ? nullptr : &data);
  }
  void send(int32_t id, std::string_view bytes, bool end, const Fields& trailers = {}) {
    Request& request = requests[id];
    request.answer += bytes;
    request.answerEnded = end;
    request.answerTrailers = trailers;
    nghttp2_session_resume_data(session_, id);
  }
  void answer(int32_t id, std::string_view body) {
    respond(id, {{":status", "200"}}, false);
    send(id, body, true);
  }
  void refuse(int32_t id) { nghttp2_submit_rst_stream(session_, 0, id, NGHTTP2_REFUSED_STREAM); }
  void goaway(int32_t last) {
    nghttp2_submit_goaway(session_, 0, last, NGHTTP2_NO_ERROR, nullptr, 0);
  }

  std::map<int32_t, Request> requests;
  int pings = 0;

 private:
  static H2Origin& of(void* user) { return *static_cast<H2Origin*>(user); }
  static std::vector<nghttp2_nv> convert(const Fields& fields) {
    std::vector<nghttp2_nv> out;
    for (const auto& [name, value] : fields) {
      out.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                     value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return out;
  }

  nghttp2_session* session_ = nullptr;
};

}  // namespace tollgate::proxy
