#include "source/schema/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "source/base/uuid.h"
#include "source/crypto/certificate.h"
#include "source/crypto/secret.h"
#include "source/schema/characters.h"
#include "source/schema/host_rules.h"
#include "source/schema/log_rules.h"
#include "source/schema/pair_rules.h"
#include "source/schema/pattern_rules.h"
#include "source/schema/route_path.h"

namespace tollgate::schema {
namespace {

std::string checkPathText(const std::string& v) {
  if (v[0] != '/') return "should start with: /";
  if (v.find("//") != std::string::npos) return "must not have empty segments";
  for (unsigned char c : v) {
    if (!isAlnum(c) && std::string_view("./-_~%:@!$&'()*+,;=").find(c) == std::string_view::npos) {
      return fmt::format(
          "invalid path: '{}' (characters outside of the reserved list of RFC 3986 found)", v);
    }
  }
  return "";
}

std::string checkPath(const std::string& v) {
  std::string error = checkPathText(v);
  return error.empty() ? checkEscapes(v) : error;
}

std::string checkUtf8Name(const std::string& v) {
  if (size_t at = invalidUtf8At(v)) {
    return fmt::format("invalid utf-8 character sequence detected at position {}", at);
  }
  for (unsigned char c : v) {
    if (c < 0x80 && !isAlnum(c) && c != '.' && c != '-' && c != '_' && c != '~') {
      return fmt::format(
          "invalid value '{}': the only accepted ascii characters are alphanumerics or ., -, _, "
          "and ~",
          v);
    }
  }
  return "";
}

std::string checkTag(const std::string& v) {
  if (size_t at = invalidUtf8At(v)) {
    return fmt::format("invalid utf-8 character sequence detected at position {}", at);
  }
  for (unsigned char c : v) {
    if (c < 32 || c == 127 || c == ',' || c == '/') {
      return fmt::format(
          "invalid tag '{}': expected printable ascii (except `,` and `/`) or valid utf-8 "
          "sequences",
          v);
    }
  }
  return "";
}

std::string checkHeaderName(const std::string& v) {
  for (unsigned char c : v) {
    if (!isAlnum(c) && c != '_' && c != '-') {
      return fmt::format("bad header name '{}', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
                         v);
    }
  }
  return "";
}

std::string checkUuid(const std::string& v) { return isUuid(v) ? "" : "expected a valid UUID"; }

std::string invalidValue(bool fine, const std::string& v) {
  return fine ? "" : "invalid value: " + v;
}

std::string checkMethod(const std::string& v) {
  return invalidValue(std::all_of(v.begin(), v.end(), [](char c) { return c >= 'A' && c <= 'Z'; }),
                      v);
}

/// The characters of RFC 9110 section 5.6.2.
std::string checkToken(const std::string& v) {
  constexpr std::string_view kSpecial = "!#$%&'*+-.^_`|~";
  return invalidValue(std::all_of(v.begin(), v.end(),
                                  [&](unsigned char c) {
                                    return isAlnum(c) || kSpecial.find(c) != std::string_view::npos;
                                  }),
                      v);
}

bool isLowerLetter(unsigned char c) { return c >= 'a' && c <= 'z'; }

/// A letter, then letters, digits and dashes; the last is no dash.
std::string checkVaultPrefix(const std::string& v) {
  const bool fine = v.size() >= 2 && isLowerLetter(v.front()) && v.back() != '-' &&
                    std::all_of(v.begin(), v.end(), [](unsigned char c) {
                      return isLowerLetter(c) || isDigit(c) || c == '-';
                    });
  return invalidValue(fine, v);
}

std::string checkVaultName(const std::string& v) {
  return v == "env" ? "" : "vault '" + v + "' is not installed";
}

std::string checkEnvironmentPrefix(const std::string& v) {
  const bool fine = !isDigit(v.front()) && std::all_of(v.begin(), v.end(), [](unsigned char c) {
    return isAlnum(c) || c == '_';
  });
  return invalidValue(fine, v);
}

std::string checkCertificate(const std::string& v) {
  auto chain = crypto::Certificate::chainFromPem(v);
  return chain ? "" : "invalid certificate: " + chain.error().message;
}

std::string checkServerKey(const std::string& v) {
  auto key = crypto::PrivateKey::fromPem(v);
  const Status serves = key ? crypto::checkServerKey(*key) : Status(key.error());
  return serves ? "" : "invalid key: " + serves.error().message;
}

std::string checkPublicKey(const std::string& v) {
  return crypto::PublicKey::fromPem(v) ? "" : "invalid key";
}

}  // namespace

std::string checkText(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "must not contain a NUL character";
  const size_t at = invalidUtf8At(text);
  return at == 0 ? "" : fmt::format("invalid utf-8 character sequence detected at position {}", at);
}

std::string checkRule(std::string_view rule, const std::string& value) {
  using Check = std::string (*)(const std::string&);
  static const auto& checks = *new std::unordered_map<std::string_view, Check>{
      {"uuid", checkUuid},
      {"utf8_name", checkUtf8Name},
      {"tag", checkTag},
      {"host", checkHost},
      {"host_with_port", checkHostPort},
      {"upstream_name", checkUpstreamName},
      {"path", checkPath},
      {"route_host", checkRouteHost},
      {"route_path", checkRoutePath},
      {"header_name", checkHeaderName},
      {"http_token", checkToken},
      {"wildcard_host", checkWildcardHost},
      {"sni", checkWildcardHost},
      {"ip_or_cidr", checkCidr},
      {"method", checkMethod},
      {"certificate", checkCertificate},
      {"server_key", checkServerKey},
      {"public_key", checkPublicKey},
      {"vault_prefix", checkVaultPrefix},
      {"vault_name", checkVaultName},
      {"environment_prefix", checkEnvironmentPrefix},
      {"regex", checkRegex},
      {"origin", checkOrigin},
      {"url", checkUrl},
      {"log_file", checkLogFile},
      {"log_header", checkLogHeader},
      {"lua_literal", checkLuaLiteral},
      {"pair", checkPair},
      {"header_pair", checkHeaderPair},
      {"header_rename", checkHeaderRename},
      {"header_of_pair", checkHeaderOfPair},
      {"name_with_value", checkNameWithValue},
      {"name_with_template", checkNameWithTemplate},
      {"template", checkTemplate},
  };
  auto found = checks.find(rule);
  return found == checks.end() ? "" : found->second(value);
}

namespace {

std::string drawAlphanumeric(size_t length) {
  static constexpr std::string_view kLetters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  while (out.size() < length) {
    unsigned char c;
    crypto::fillRandom({&c, 1});
    if (c < 248) out += kLetters[c % 62];
  }
  return out;
}

}  // namespace

std::string makeSecret() {
  constexpr size_t kLength = 32;
  for (;;) {
    std::string secret = drawAlphanumeric(kLength);
    // One in 280 has no digit. What is drawn anew costs 0.005 of 190 bits.
    if (std::ranges::any_of(secret, isDigit)) return secret;
  }
}

}  // namespace tollgate::schema
