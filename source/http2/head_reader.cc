#include "source/http2/head_reader.h"

#include <algorithm>

#include "source/http2/head_rules.h"

namespace tollgate::http2 {

void HeadReader::begin() {
  beginBlock();
  authority_ = scheme_ = {};
  cookies_.clear();
}

void HeadReader::headField(http::RequestSink& sink, std::string_view name, std::string_view value) {
  if (failed()) return;
  const bool fits = count(name, value);
  if (name == ":path" && value.size() > limits_.maxTargetBytes) {
    return fail(414, "the request target is too long");
  }
  if (!fits) {
    return fail(431, "the request has too many or too large header fields");
  }
  Arena& arena = sink.arena();
  if (!name.empty() && name[0] == ':') {
    return pseudoField(sink.request(), name, arena.copy(value));
  }
  if (!isFieldName(name) || !isFieldValue(value)) {
    return fail(400, "a header field is malformed");
  }
  http::HeaderCode code = http::codeOf(name);
  if (isConnectionField(code) || code == http::HeaderCode::kHttp2Settings ||
      (code == http::HeaderCode::kTe && !http::equalsIgnoreCase(value, "trailers"))) {
    return fail(400, "a header field of HTTP/1 connections in HTTP/2");
  }
  std::string_view kept = arena.copy(value);
  if (code == http::HeaderCode::kCookie) {
    cookies_.push_back(kept);
    return;
  }
  sink.request().headers.addChecked(
      code, code == http::HeaderCode::kOther ? arena.copy(name) : http::nameOf(code), kept);
}

void HeadReader::pseudoField(http::RequestHead& request, std::string_view name,
                             std::string_view value) {
  if (name == ":method") {
    request.method = value;
  } else if (name == ":path") {
    request.target = value;
  } else if (name == ":authority") {
    authority_ = value;
  } else if (name == ":scheme") {
    scheme_ = value;
  } else {
    fail(400, "an unknown pseudo header");
  }
}

HeadProblem HeadReader::finishHead(http::RequestSink& sink) {
  if (!failed()) check(sink.request());
  if (!failed() && !cookies_.empty()) joinCookies(sink);
  return problem_;
}

void HeadReader::check(http::RequestHead& request) {
  if (!isMethod(request.method)) return fail(400, "the method is malformed or in lower case");
  if (request.method == "CONNECT") return fail(501, "CONNECT is not served");
  if (!isTarget(request.target) || (request.target == "*" && request.method != "OPTIONS")) {
    return fail(400, "the request target is malformed");
  }
  if (!http::equalsIgnoreCase(scheme_, "http") && !http::equalsIgnoreCase(scheme_, "https")) {
    return fail(400, "the scheme is neither http nor https");
  }
  const http::Header* host = request.headers.find(http::HeaderCode::kHost);
  std::string_view authority = authority_;
  if (authority.data() == nullptr && host != nullptr) authority = host->value();
  if (!isAuthority(authority)) return fail(400, "the authority is missing or malformed");
  if (host != nullptr && !http::equalsIgnoreCase(host->value(), authority)) {
    return fail(400, "Host and :authority differ");
  }
  request.host = authority;
  if (host == nullptr) request.headers.add(http::HeaderCode::kHost, authority);
}

void HeadReader::joinCookies(http::RequestSink& sink) {
  size_t total = 0;
  for (auto crumb : cookies_) total += crumb.size() + 2;
  char* joined = sink.arena().chars(total);
  char* at = joined;
  for (auto crumb : cookies_) {
    if (at != joined) at = std::copy_n("; ", 2, at);
    at = std::copy(crumb.begin(), crumb.end(), at);
  }
  sink.request().headers.add(http::HeaderCode::kCookie, {joined, static_cast<size_t>(at - joined)});
}

}  // namespace tollgate::http2
