#include "filters/http/hmac_auth/signed_text.h"

#include <string>

namespace tollgate::filters::hmac_auth {
namespace {

namespace engine = ::tollgate::http;

std::string_view nameOf(engine::Version version) {
  switch (version) {
    case engine::Version::kHttp10:
      return "HTTP/1.0";
    case engine::Version::kHttp11:
      return "HTTP/1.1";
    case engine::Version::kHttp2:
      break;
  }
  return "HTTP/2.0";
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

/// Digests what is signed, up to a limit.
class Signing {
 public:
  explicit Signing(crypto::Digester digester) : digester_(std::move(digester)) {}
  template <typename... Parts>
  void add(Parts... parts) {
    (addOne(parts), ...);
  }
  bool tooMuch() const { return bytes_ > kMostSignedBytes; }
  crypto::Digester take() { return digester_; }

 private:
  void addOne(std::string_view part) {
    bytes_ += part.size();
    if (!tooMuch()) digester_.update(part);
  }
  crypto::Digester digester_;
  size_t bytes_ = 0;
};

}  // namespace

std::optional<crypto::Hash> hashOfAlgorithm(std::string_view name) {
  if (name == "hmac-sha1") return crypto::Hash::kSha1;
  if (name == "hmac-sha256") return crypto::Hash::kSha256;
  if (name == "hmac-sha384") return crypto::Hash::kSha384;
  if (name == "hmac-sha512") return crypto::Hash::kSha512;
  return std::nullopt;
}

std::optional<crypto::DigestBytes> signatureOf(const engine::RequestHead& request,
                                               std::string_view names, crypto::Hash hash,
                                               std::string_view secret) {
  const crypto::Hmac hmac(hash, secret);
  Signing signing(hmac.begin());
  bool first = true;
  forEachName(names, [&](std::string_view name) {
    if (signing.tooMuch()) return;
    if (!first) signing.add("\n");
    first = false;
    if (const engine::Header* header = request.headers.find(name)) {
      signing.add(name, ": ", header->value());
    } else if (name == "@request-target") {
      signing.add(name, ": ", lowered(request.method), " ", request.target);
    } else if (name == "request-line") {
      signing.add(request.method, " ", request.target, " ", nameOf(request.version));
    } else {
      signing.add(name, ":");
    }
  });
  if (signing.tooMuch()) return std::nullopt;
  return hmac.end(signing.take());
}

}  // namespace tollgate::filters::hmac_auth
