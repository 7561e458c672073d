#include "source/http2/response_reader.h"

#include "source/http2/head_rules.h"

namespace tollgate::http2 {

namespace {

/// Three digits from 100, or 0.
int statusOf(std::string_view text) {
  if (text.size() != 3) return 0;
  int status = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status >= 100 ? status : 0;
}

}  // namespace

void ResponseReader::begin(http::ResponseHead* response) {
  beginBlock();
  if (response == nullptr) return;
  response->headers.clear();
  response->status = 0;
  response->reason = {};
  response->version = http::Version::kHttp2;
}

void ResponseReader::headField(http::ResponseSink& sink, std::string_view name,
                               std::string_view value) {
  if (failed()) return;
  if (!count(name, value)) return fail(502, "the response head has too many or too large fields");
  http::ResponseHead& response = sink.response();
  if (name == ":status") {
    response.status = statusOf(value);
    if (response.status == 0) fail(502, "the status is malformed");
    return;
  }
  if (!isFieldName(name) || !isFieldValue(value)) {
    return fail(502, "a field of the response is malformed");
  }
  const http::HeaderCode code = http::codeOf(name);
  if (isConnectionField(code)) {
    return fail(502, "a field of HTTP/1 connections in an HTTP/2 response");
  }
  Arena& arena = sink.arena();
  response.headers.addChecked(
      code, code == http::HeaderCode::kOther ? arena.copy(name) : http::nameOf(code),
      arena.copy(value));
}

std::string_view ResponseReader::finishHead(http::ResponseHead& response) {
  if (response.status == 0) fail(502, "the response has no status");
  if (response.status == 101) fail(502, "unexpected 101");
  return problem();
}

}  // namespace tollgate::http2
