#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/result.h"
#include "source/net/tls_client.h"

/// Requests that a filter sends on its own account: to a log collector, an identity provider.
namespace tollgate::http {

/// Where such a request goes. Equal ones share kept connections.
struct HttpServer {
  std::string host;  ///< A name or an address, an IPv6 one without brackets.
  uint16_t port = 80;
  /// For https, from TlsConnector::client(); nullptr: http.
  std::shared_ptr<const net::TlsClient> tls;
  std::string serverName = {};  ///< With TLS; "" takes the host.

  /// "collector.example.com:8080", for the operator.
  std::string text() const;
};

struct HttpCallLimits {
  std::chrono::milliseconds connect{10000};    ///< The look-up, the connection and its handshake.
  std::chrono::milliseconds send{10000};       ///< Of silence of the server while it has to read.
  std::chrono::milliseconds read{10000};       ///< Of silence until the answer is there.
  std::chrono::milliseconds keepAlive{60000};  ///< How long the connection waits for another call.
  std::chrono::milliseconds whole{60000};      ///< From the call to the last byte of the answer.
  size_t maxReplyBytes = 1024 * 1024;          ///< Of the answer's body.
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpCall {
  HttpServer server;
  std::string method = "GET";
  std::string target = "/";  ///< Path and query.
  /// Well-formed; Host, Content-Length and what frames a message are the client's to write, but for
  /// a Host that is given.
  HttpFields fields;
  std::string body;
  HttpCallLimits limits;
};

struct HttpReply {
  int status = 0;
  HttpFields fields;  ///< Names in lower case.
  std::string body;

  /// The first value; "" if there is none.
  std::string_view field(std::string_view lowerCaseName) const;
};

/// Sends requests over HTTP/1.1 on kept connections. One worker's, on its loop's thread. A call on
/// a kept connection that closes before it answers is sent once more on a fresh one.
class HttpClient {
 public:
  /// Called once, from the loop. An error tells of the connection ("connection refused", "no answer
  /// in time"), never of fields, bodies or user names; any status is a reply.
  using Done = std::function<void(Result<HttpReply> reply)>;

  /// Returns an id for cancel().
  virtual uint64_t call(HttpCall call, Done done) = 0;
  /// `done` is not called any more; harmless for a call that is over.
  virtual void cancel(uint64_t id) = 0;

 protected:
  ~HttpClient() = default;
};

/// An URL "http://user:password@host:port/path?query" taken apart.
struct HttpUrl {
  bool secure = false;
  std::string userInfo;  ///< "user:password", percent-decoded; "" without one. A secret.
  std::string host;      ///< Without brackets.
  uint16_t port = 80;    ///< As written, else 80 or 443.
  std::string path;      ///< "/" if there is none.
  std::string query;     ///< Without "?".

  /// Errors do not repeat the URL.
  static Result<HttpUrl> parse(std::string_view text);
};

}  // namespace tollgate::http
