#include "source/tls/boringssl.h"

namespace tollgate::tls {

Result<std::string> alpnWireFormat(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      return Error::invalid("the application protocol \"" + protocol +
                            "\" is not between 1 and 255 characters long");
    }
    wire += static_cast<char>(static_cast<unsigned char>(protocol.size()));
    wire += protocol;
  }
  return wire;
}

}  // namespace tollgate::tls
