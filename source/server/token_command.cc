#include <fmt/format.h>

#include "filters/http/admin_auth/access_list.h"
#include "source/crypto/base64.h"
#include "source/crypto/digest.h"
#include "source/crypto/secret.h"
#include "source/schema/entity_schema.h"
#include "source/server/commands.h"

namespace tollgate::server {
namespace {

constexpr size_t kTokenBytes = 32;

}  // namespace

int newToken(const TokenOptions& options) {
  std::string token =
      "tgt_" + crypto::encodeBase64(crypto::randomBytes(kTokenBytes), crypto::Base64::kUrl);
  const std::string digest = crypto::digest(crypto::Hash::kSha256, token).hex();
  std::string line = fmt::format(
      "- {}", Json{{"name", options.name}, {"scopes", options.scopes}, {"sha256", digest}}.dump(
                  -1, ' ', false, Json::error_handler_t::replace));
  // What the gateway would say about the line, said now.
  auto checked = filters::admin_auth::AccessList::parse("tokens:\n" + line + "\n", "token");
  if (!checked) return fail(checked.error().text());
  fmt::print(
      "Token, shown this once:\n\n{}\n\nLine for `tokens:` in the file that "
      "admin_tokens_file names (then `tollgate reload`):\n\n{}\n",
      token, line);
  crypto::wipe(token);
  return 0;
}

}  // namespace tollgate::server
