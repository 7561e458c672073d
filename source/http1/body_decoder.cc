#include "source/http1/body_decoder.h"

#include <algorithm>

namespace tollgate::http1 {
namespace {

/// Extensions of a whole body may take this many times the limit of one chunk, and beyond that as
/// much as its data: signed uploads carry one on every chunk, a flood carries nothing else.
constexpr uint64_t kExtensionAllowance = 16;

int hexDigit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  unsigned char lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void BodyDecoder::start(const MessageInfo& info, const http::CodecLimits& limits) {
  *this = BodyDecoder();
  kind_ = info.body;
  remaining_ = info.body == BodyKind::kLength ? info.length : 0;
  maxExtension_ = limits.maxChunkExtensionBytes;
  maxTrailer_ = limits.maxTrailerBytes;
}

BodyDecoder::Status BodyDecoder::decode(buffer::Buffer& input, buffer::Buffer& out) {
  switch (kind_) {
    case BodyKind::kNone:
      return Status::kDone;
    case BodyKind::kUntilClose:
      out.moveFrom(input);
      return Status::kMore;
    case BodyKind::kLength:
      moveData(input, out);
      return remaining_ == 0 ? Status::kDone : Status::kMore;
    case BodyKind::kChunked:
      return decodeChunked(input, out);
  }
  return Status::kBad;
}

void BodyDecoder::moveData(buffer::Buffer& input, buffer::Buffer& out) {
  size_t part = static_cast<size_t>(std::min<uint64_t>(remaining_, input.size()));
  if (part == input.size()) {
    out.moveFrom(input);
  } else {
    out.moveFrom(input, part);
  }
  remaining_ -= part;
}

BodyDecoder::Status BodyDecoder::decodeChunked(buffer::Buffer& input, buffer::Buffer& out) {
  while (!input.empty()) {
    if (state_ == State::kTrailers) return readTrailers(input);
    if (state_ == State::kData) {
      uint64_t before = remaining_;
      moveData(input, out);
      dataBytes_ += before - remaining_;
      if (remaining_ == 0) state_ = State::kDataCr;
      continue;
    }
    size_t used = 0;
    bool good = readSizeLine(input.front(), used);
    input.consume(used);
    if (!good) return Status::kBad;
  }
  return Status::kMore;
}

bool BodyDecoder::readSizeLine(std::string_view range, size_t& used) {
  while (used < range.size()) {
    auto c = static_cast<unsigned char>(range[used++]);
    switch (state_) {
      case State::kSize:
        if (!sizeByte(c)) return false;
        break;
      case State::kExtension:
        if (c == '\r') {
          state_ = State::kSizeLf;
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
          return fail("invalid character in a chunk extension");
        } else if (++extension_ > maxExtension_ ||
                   ++extensions_ > kExtensionAllowance * maxExtension_ + dataBytes_) {
          return fail("chunk extensions too long");
        }
        break;
      case State::kSizeLf:
        if (c != '\n') return fail("bare CR in a chunk size line");
        state_ = remaining_ == 0 ? State::kTrailers : State::kData;
        digits_ = 0;
        extension_ = 0;
        return true;
      case State::kDataCr:
        if (c != '\r') return fail("chunk data does not end with CRLF");
        state_ = State::kDataLf;
        break;
      case State::kDataLf:
        if (c != '\n') return fail("chunk data does not end with CRLF");
        state_ = State::kSize;
        break;
      case State::kData:
      case State::kTrailers:
        return true;
    }
  }
  return true;
}

bool BodyDecoder::sizeByte(unsigned char c) {
  int digit = hexDigit(c);
  if (digit >= 0) {
    if (++digits_ > 16 || remaining_ >> 59 != 0) return fail("chunk size too large");
    remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
    return true;
  }
  if (digits_ == 0) return fail("missing chunk size");
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';') {
    state_ = State::kExtension;
  } else {
    return fail("invalid chunk size");
  }
  return true;
}

BodyDecoder::Status BodyDecoder::readTrailers(buffer::Buffer& input) {
  if (trailersFound_) return Status::kTrailers;
  HeadScanner::Status status = scanner_.scan(input);
  if (status == HeadScanner::Status::kBad) {
    fail("bare LF in trailers");
    return Status::kBad;
  }
  if (scanner_.bytes() > maxTrailer_) {
    fail("trailers too long");
    return Status::kBad;
  }
  if (status == HeadScanner::Status::kMore) return Status::kMore;
  if (scanner_.bytes() > 2) {
    trailersFound_ = true;
    return Status::kTrailers;
  }
  input.consume(2);
  return Status::kDone;
}

}  // namespace tollgate::http1
