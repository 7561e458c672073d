#pragma once

#include <memory>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"

namespace tollgate::http1 {

/// HTTP/1 on an upstream connection. `output` must outlive the codec; the owner sends what is in
/// it. Input that arrives while no response is awaited makes the connection not reusable. A
/// response that completes before its request leaves the connection not reusable until the rest was
/// sent. A sink's callback may start the next request but must not destroy the codec.
std::unique_ptr<http::ClientCodec> makeClientCodec(buffer::Buffer& output,
                                                   const http::CodecLimits& limits);

}  // namespace tollgate::http1
