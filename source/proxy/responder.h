#pragma once

#include <string_view>

#include "source/http/exchange_info.h"

namespace tollgate::proxy {

class ProxyExchange;

/// What the client is told: heads of proxied responses, and the answers that are not the origin's.
class Responder {
 public:
  explicit Responder(ProxyExchange& exchange) : exchange_(exchange) {}

  /// What the route demands of the hop from the client.
  bool protocolAllowed() const;
  void enforceProtocol();

  /// `message` becomes the negotiated error body.
  void answerError(int status, std::string_view message,
                   http::AnsweredBy who = http::AnsweredBy::kGateway);
  /// Errors of the HTTP engine: the form is negotiated by Accept, else Content-Type, else the
  /// default.
  void engineError(int status, http::AnsweredBy who = http::AnsweredBy::kEngine);
  /// A path that is none is refused like a malformed request line, before Accept counts.
  void refusePath();
  /// Answers with this body exactly, unless an answer is out. `contentType` "" for none.
  void reply(int status, std::string_view contentType, std::string_view body, http::AnsweredBy who);

  /// The answer is the last on an HTTP/1 connection; the other streams of HTTP/2 go on.
  void closeHttp1();
  /// The fields by which the gateway shows itself. `local`: the response is not the origin's.
  void addProxyHeaders(bool local);
  /// The response head goes out. `end`: no body follows.
  void sendHead(bool end);

 private:
  bool arrivedSecure() const;
  bool speaksGrpc() const;
  void enforceGrpc();
  void sendEngineError(int status, std::string_view form, http::AnsweredBy who);
  void sendLocal(std::string_view body);
  void addDebugHeaders();

  ProxyExchange& exchange_;
};

}  // namespace tollgate::proxy
