#include "source/config/unserved.h"

#include "source/config/document.h"

namespace tollgate::config {

std::string unservedProtocol(std::string_view protocol) {
  for (std::string_view served : {"", "http", "https", "grpc", "grpcs"}) {
    if (protocol == served) return "";
  }
  return "the protocol " + std::string(protocol) + " is not served yet: no listener takes it";
}

std::string unserved(std::string_view kind, const Json& doc) {
  if (kind == "services") return unservedProtocol(textOf(doc, "protocol"));
  if (kind != "routes") return "";
  for (const std::string& protocol : listOf(doc, "protocols")) {
    if (std::string what = unservedProtocol(protocol); !what.empty()) return what;
  }
  return "";
}

}  // namespace tollgate::config
