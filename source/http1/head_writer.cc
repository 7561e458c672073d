#include "source/http1/head_writer.h"

#include <charconv>

#include "source/base/decimal.h"
#include "source/http1/head_parser.h"

namespace tollgate::http1 {
namespace {

/// Bodies up to this many bytes are copied behind what is queued: cheaper than another iovec.
constexpr size_t kCopyBytes = 1024;

}  // namespace

void HeadWriter::number(int64_t value) { put(Decimal(value).text()); }

void HeadWriter::statusLine(int status, std::string_view reason) {
  constexpr std::string_view kPattern = "HTTP/1.1 000 ";
  std::memcpy(at_, kPattern.data(), kPattern.size());
  const auto digits = static_cast<uint32_t>(status);
  at_[9] = static_cast<char>('0' + digits / 100);
  at_[10] = static_cast<char>('0' + digits / 10 % 10);
  at_[11] = static_cast<char>('0' + digits % 10);
  at_ += kPattern.size();
  put(reason);
  put("\r\n");
}

void HeadWriter::fields(const http::HeaderMap& headers, uint64_t skip) {
  if (headers.inBlock(skip)) headers.unfold();
  // Lines that lie one behind the other in memory, as most of a parsed head do, go in one copy.
  const char *lines = nullptr, *linesEnd = nullptr;
  for (const http::Header& h : headers.pieces()) {
    if (((skip >> static_cast<int>(h.code)) & 1) != 0) continue;
    if ((h.flags & (http::Header::kLine | http::Header::kRemoved)) == http::Header::kLine) {
      if (h.nameData != linesEnd) {
        put({lines, static_cast<size_t>(linesEnd - lines)});
        lines = h.nameData;
      }
      linesEnd = h.nameData + h.lineBytes();
      continue;
    }
    if (h.removed()) continue;
    put({lines, static_cast<size_t>(linesEnd - lines)});
    lines = linesEnd = nullptr;
    if (!h.checked()) {
      if (h.code == http::HeaderCode::kOther && !isToken(h.name())) continue;
      if (!isFieldValue(h.value())) continue;
    }
    field(h.name(), h.value());
  }
  put({lines, static_cast<size_t>(linesEnd - lines)});
}

void HeadWriter::finish() { output_.commit(static_cast<size_t>(at_ - start_)); }

void appendBody(buffer::Buffer& output, buffer::Buffer& data) {
  if (data.size() > kCopyBytes) {
    output.moveFrom(data);
    return;
  }
  data.forEach([&](std::string_view range) { output.append(range); });
  data.clear();
}

void appendChunk(buffer::Buffer& output, buffer::Buffer& data) {
  if (data.empty()) return;
  char line[20];
  auto result = std::to_chars(line, line + 16, data.size(), 16);
  char* at = result.ptr;
  *at++ = '\r';
  *at++ = '\n';
  output.append({line, static_cast<size_t>(at - line)});
  appendBody(output, data);
  output.append("\r\n");
}

void appendLastChunk(buffer::Buffer& output, const http::HeaderMap* trailers) {
  if (trailers == nullptr || trailers->size() == 0) {
    output.append("0\r\n\r\n");
    return;
  }
  HeadWriter writer(output, trailers, 8);
  writer.put("0\r\n");
  writer.fields(*trailers, kConnectionFields | bitOf(http::HeaderCode::kContentLength) |
                               bitOf(http::HeaderCode::kHost));
  writer.put("\r\n");
  writer.finish();
}

}  // namespace tollgate::http1
