#include <fmt/format.h>

#include "filters/http/admin_auth/access_list.h"
#include "source/schema/entity_schema.h"
#include "source/server/commands.h"
#include "source/tls/digest.h"

namespace tollgate::server {
namespace {

constexpr size_t kTokenBytes = 32;

/// RFC 4648, section 5, without padding.
std::string base64Url(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) out += kDigits[bits >> (count - 6) & 63];
  }
  if (count > 0) out += kDigits[bits << (6 - count) & 63];
  return out;
}

}  // namespace

int newToken(const TokenOptions& options) {
  std::string token = "tgt_" + base64Url(tls::randomBytes(kTokenBytes));
  std::string digest;
  for (uint8_t byte : tls::sha256(token)) digest += fmt::format("{:02x}", byte);
  std::string line = fmt::format(
      "- {}",
      schema::Json{{"name", options.name}, {"scopes", options.scopes}, {"sha256", digest}}.dump(
          -1, ' ', false, schema::Json::error_handler_t::replace));
  // What the gateway would say about the line, said now.
  auto checked = filters::admin_auth::AccessList::parse("tokens:\n" + line + "\n", "token");
  if (!checked) return fail(checked.error().text());
  fmt::print(
      "Token, shown this once:\n\n{}\n\nLine for `tokens:` in the file that "
      "admin_tokens_file names (then `tollgate reload`):\n\n{}\n",
      token, line);
  tls::wipe(token);
  return 0;
}

}  // namespace tollgate::server
