// Reading, looking up and writing heads.
#include <benchmark/benchmark.h>

#include <string_view>

#include "source/http1/head_parser.h"
#include "source/http1/head_writer.h"

namespace tollgate {
namespace {

constexpr std::string_view kRequest =
    "GET /api/v1/users/42?fields=name,mail HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n"
    "X-Request-Start: t=1700000000\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\n"
    "Connection: keep-alive\r\n\r\n";

void parseRequestHead(benchmark::State& state) {
  for (auto _ : state) {
    Arena arena;
    http::RequestHead head(arena);
    http1::MessageInfo info;
    auto error = http1::parseRequestHead(kRequest, http::CodecLimits{}, head, info);
    if (error) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head.target.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kRequest.size()));
}
BENCHMARK(parseRequestHead);

void headerCode(benchmark::State& state) {
  constexpr std::string_view kNames[] = {"content-length", "User-Agent", "x-request-start",
                                         "Accept-Encoding"};
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(http::codeOf(kNames[i++ & 3]));
}
BENCHMARK(headerCode);

void headerMapFind(benchmark::State& state) {
  Arena arena;
  http::RequestHead head(arena);
  http1::MessageInfo info;
  http1::parseRequestHead(kRequest, http::CodecLimits{}, head, info);
  for (auto _ : state) {
    benchmark::DoNotOptimize(head.headers.find(http::HeaderCode::kCookie));
    benchmark::DoNotOptimize(head.headers.find("X-Request-Start"));
  }
}
BENCHMARK(headerMapFind);

void writeHead(benchmark::State& state) {
  Arena arena;
  http::RequestHead head(arena);
  http1::MessageInfo info;
  http1::parseRequestHead(kRequest, http::CodecLimits{}, head, info);
  buffer::SlabPool pool;
  buffer::Buffer output(pool);
  for (auto _ : state) {
    http1::HeadWriter writer(output, &head.headers, 64);
    writer.fields(head.headers, 0);
    writer.finish();
    benchmark::DoNotOptimize(output.size());
    output.clear();
  }
}
BENCHMARK(writeHead);

}  // namespace
}  // namespace tollgate
