#pragma once

#include <string>
#include <string_view>

#include "source/http/codec.h"
#include "source/proxy/snapshot.h"

namespace tollgate::proxy {

/// The fields by which the gateway names itself, written once for all messages of a worker.
class OwnLines {
 public:
  explicit OwnLines(const ProxySettings& settings)
      : server_(line(http::HeaderCode::kServer, settings.serverName)),
        viaDownstream_(line(http::HeaderCode::kVia, settings.via)),
        via10_(line(http::HeaderCode::kVia, "1.0 " + settings.serverName)),
        via11_(line(http::HeaderCode::kVia, "1.1 " + settings.serverName)),
        via2_(line(http::HeaderCode::kVia, "2 " + settings.serverName)) {}

  std::string_view server() const { return server_; }
  std::string_view viaDownstream() const { return viaDownstream_; }
  /// Towards the origin, for a request of `version`.
  std::string_view via(http::Version version) const {
    return version == http::Version::kHttp11  ? via11_
           : version == http::Version::kHttp2 ? via2_
                                              : via10_;
  }
  /// The value of such a line: "\r\nName: value".
  static std::string_view value(http::HeaderCode code, std::string_view line) {
    return line.substr(http::nameOf(code).size() + 4);
  }

 private:
  static std::string line(http::HeaderCode code, const std::string& value) {
    return "\r\n" + std::string(http::nameOf(code)) + ": " + value;
  }
  std::string server_, viaDownstream_, via10_, via11_, via2_;
};

}  // namespace tollgate::proxy
