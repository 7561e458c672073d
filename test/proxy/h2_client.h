#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <string_view>

namespace tollgate::proxy {

/// An HTTP/2 client without a socket: bytes out, bytes in.
class H2Client {
 public:
  struct Reply {
    std::string status, body;
    bool closed = false;
  };

  H2Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t n,
                      const uint8_t* value, size_t v, uint8_t, void* user) {
          if (std::string_view(reinterpret_cast<const char*>(name), n) == ":status") {
            static_cast<H2Client*>(user)->replies_[frame->hd.stream_id].status.assign(
                reinterpret_cast<const char*>(value), v);
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

  int32_t request(std::string method, std::string path, std::string body) {
    body_ = std::move(body);
    std::string names[] = {":method", ":scheme", ":path", ":authority"};
    std::string values[] = {std::move(method), "http", std::move(path), "test"};
    nghttp2_nv fields[4];
    for (int i = 0; i < 4; ++i) {
      fields[i] = {reinterpret_cast<uint8_t*>(names[i].data()),
                   reinterpret_cast<uint8_t*>(values[i].data()), names[i].size(), values[i].size(),
                   0};
    }
    nghttp2_data_provider data{};
    data.source.ptr = this;
    data.read_callback = [](nghttp2_session*, int32_t, uint8_t* out, size_t size, uint32_t* flags,
                            nghttp2_data_source* source, void*) -> ssize_t {
      std::string& left = static_cast<H2Client*>(source->ptr)->body_;
      size_t part = left.copy(reinterpret_cast<char*>(out), size);
      left.erase(0, part);
      if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(part);
    };
    return nghttp2_submit_request(session_, nullptr, fields, 4, &data, nullptr);
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

 private:
  nghttp2_session* session_ = nullptr;
  std::string body_;
  std::map<int32_t, Reply> replies_;
};

}  // namespace tollgate::proxy
