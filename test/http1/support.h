#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/arena.h"
#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http1/client_codec.h"
#include "source/http1/server_codec.h"

namespace tollgate::http1::test {

inline std::string fieldsOf(const http::HeaderMap& headers) {
  std::string text;
  headers.forEach([&](const http::Header& h) {
    text.append(h.name()).append("=").append(h.value()).append(";");
  });
  return text;
}

/// Writes down everything that is received, and answers each complete request with 200 "ok".
struct Server final : http::ServerCodecHandler {
  struct Exchange final : http::RequestSink {
    explicit Exchange(Server& s, http::ServerStream& stream)
        : server(s), stream(stream), head(arena_) {}
    void onRequestHead(bool end) override {
      server.log.append(head.method).append(" ").append(head.target).append(" host=");
      server.log.append(head.host).append(" ").append(fieldsOf(head.headers));
      if (end) complete();
    }
    void onRequestBody(buffer::Buffer& data, bool end) override {
      body += data.toString();
      data.clear();
      if (end) complete();
    }
    void onRequestTrailers(http::HeaderMap& trailers) override {
      server.log += "trailers " + fieldsOf(trailers);
      complete();
    }
    void onRequestReset(http::StreamError) override { server.log += "reset|"; }
    void onResponseWritable() override {}
    void onRequestError(int status, std::string_view) override {
      server.log += "error " + std::to_string(status) + "|";
      answer(status, "");
    }
    void complete() {
      server.log += " body=" + body + "|";
      ++server.complete;
      if (server.automatic) answer(200, "ok");
    }
    void answer(int status, std::string_view text) {
      http::ResponseHead response(arena_);
      response.status = status;
      stream.sendHead(response, text.empty());
      if (text.empty()) return;
      buffer::Buffer data(server.pool);
      data.append(text);
      stream.sendBody(data, true);
    }
    http::RequestHead& request() override { return head; }
    Arena& arena() override { return arena_; }
    void pin(buffer::SlabRef slab) override { pins.push_back(std::move(slab)); }

    Server& server;
    http::ServerStream& stream;
    Arena arena_;
    http::RequestHead head;
    std::string body;
    std::vector<buffer::SlabRef> pins;
  };

  Server() : input(pool), output(pool), codec(makeServerCodec(*this, output, limits, date)) {}
  http::RequestSink& newRequest(http::ServerStream& stream) override {
    exchanges.push_back(std::make_unique<Exchange>(*this, stream));
    return *exchanges.back();
  }
  void onCodecClose(std::string_view) override { ++closed; }
  void feed(std::string_view bytes, bool end = false) {
    input.append(bytes);
    codec->onData(input, end);
  }

  buffer::SlabPool pool;
  http::CodecLimits limits;
  DateCache date{0};
  buffer::Buffer input, output;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  std::string log;
  int closed = 0;
  int complete = 0;
  bool automatic = true;
  std::unique_ptr<ServerCodec> codec;
};

/// One upstream connection; writes down the response.
struct Client final : http::ResponseSink {
  Client()
      : head(arena_),
        input(pool),
        output(pool),
        codec(std::make_unique<ClientCodec>(output, limits)) {}
  void onInformational(int status, http::HeaderMap& headers) override {
    log += "info " + std::to_string(status) + " " + fieldsOf(headers) + "|";
  }
  void onResponseHead(bool end) override {
    log += std::to_string(head.status) + " " + fieldsOf(head.headers);
    if (end) log += "|end";
  }
  void onResponseBody(buffer::Buffer& data, bool end) override {
    body += data.toString();
    data.clear();
    if (end) log += " body=" + body + "|end";
  }
  void onResponseTrailers(http::HeaderMap& trailers) override {
    log += " body=" + body + " trailers " + fieldsOf(trailers) + "|end";
  }
  void onResponseError(http::StreamError error, std::string_view) override {
    log += error == http::StreamError::kProtocol ? "|protocol" : "|closed";
  }
  void onRequestWritable() override {}
  http::ResponseHead& response() override { return head; }
  Arena& arena() override { return arena_; }
  void pin(buffer::SlabRef slab) override { pins.push_back(std::move(slab)); }

  void start(std::string_view method = "GET", bool upgrade = false) {
    http::HeaderMap headers(arena_);
    headers.add("Host", "a");
    codec->sendHead({method, "/x", &headers, upgrade}, true, -1, *this);
  }
  void feed(std::string_view bytes, bool end = false) {
    input.append(bytes);
    codec->onData(input, end);
  }

  buffer::SlabPool pool;
  http::CodecLimits limits;
  Arena arena_;
  http::ResponseHead head;
  buffer::Buffer input, output;
  std::vector<buffer::SlabRef> pins;
  std::string log, body;
  std::unique_ptr<ClientCodec> codec;
};

}  // namespace tollgate::http1::test
