#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::proxy {

/// An HTTP/2 client without a socket: bytes out, bytes in.
class H2Client {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Reply {
    std::string status, body;
    std::map<std::string, std::string> fields;  ///< Of head and trailers.
    bool closed = false;
    bool endedByHead = false;
  };

  H2Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t n,
                      const uint8_t* value, size_t v, uint8_t, void* user) {
          Reply& reply = static_cast<H2Client*>(user)->replies_[frame->hd.stream_id];
          const std::string field(reinterpret_cast<const char*>(name), n);
          reply.fields[field].assign(reinterpret_cast<const char*>(value), v);
          if (field == ":status") reply.status = reply.fields[field];
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_RESPONSE &&
              (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            static_cast<H2Client*>(user)->replies_[frame->hd.stream_id].endedByHead = true;
          }
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
          static_cast<H2Client*>(user)->replies_[id].body.append(
              reinterpret_cast<const char*>(data), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t id, uint32_t, void* user) {
          static_cast<H2Client*>(user)->replies_[id].closed = true;
          return 0;
        });
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, 0, nullptr, 0);
  }
  ~H2Client() { nghttp2_session_del(session_); }

  int32_t request(std::string method, std::string path, std::string body, const Fields& more = {}) {
    body_ = std::move(body);
    Fields head{{":method", std::move(method)},
                {":scheme", "http"},
                {":path", std::move(path)},
                {":authority", "test"}};
    head.insert(head.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> fields;
    for (auto& [name, value] : head) {
      fields.push_back({reinterpret_cast<uint8_t*>(name.data()),
                        reinterpret_cast<uint8_t*>(value.data()), name.size(), value.size(), 0});
    }
    nghttp2_data_provider data{};
    data.source.ptr = this;
    data.read_callback = [](nghttp2_session*, int32_t, uint8_t* out, size_t size, uint32_t* flags,
                            nghttp2_data_source* source, void*) -> ssize_t {
      auto& client = *static_cast<H2Client*>(source->ptr);
      std::string& left = client.body_;
      size_t part = left.copy(reinterpret_cast<char*>(out), size);
      left.erase(0, part);
      if (left.empty() && client.keepOpen) {
        return part > 0 ? static_cast<ssize_t>(part) : ssize_t{NGHTTP2_ERR_DEFERRED};
      }
      if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(part);
    };
    return nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &data, nullptr);
  }
  /// More of the body of a request that stays open.
  void more(int32_t id, std::string_view bytes) {
    body_ += bytes;
    nghttp2_session_resume_data(session_, id);
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
  void receive(std::string_view bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                             bytes.size());
  }
  const Reply& reply(int32_t id) { return replies_[id]; }

  bool keepOpen = false;  ///< Bodies do not end.

 private:
  nghttp2_session* session_ = nullptr;
  std::string body_;
  std::map<int32_t, Reply> replies_;
};

}  // namespace tollgate::proxy
