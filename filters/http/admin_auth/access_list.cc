#include "filters/http/admin_auth/access_list.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "filters/http/admin_auth/admin_auth.pb.h"
#include "source/base/hex.h"
#include "source/base/read_file.h"
#include "source/crypto/digest.h"
#include "source/crypto/secret.h"
#include "source/schema/message.h"

namespace tollgate::filters::admin_auth {
namespace {

namespace v1 = ::tollgate::filters::http::admin_auth::v1;

constexpr size_t kMaxFileBytes = 1024 * 1024;

std::string_view viewOf(const crypto::Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// The 32 bytes of 64 hexadecimal digits; "" if it is anything else.
std::string fromHex(std::string_view text) {
  if (text.size() != 64) return "";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = hexValue(text[i]), low = hexValue(text[i + 1]);
    if (high < 0 || low < 0) return "";
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

/// A name as it stands in logs and in the history.
bool wellNamed(const std::string& name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._-@+").find(c) != std::string_view::npos;
  });
}

/// What tokens and certificates have in common.
template <typename Entry>
Result<Caller> callerOf(const Entry& entry, std::set<std::string>& names,
                        const std::string& place) {
  if (!wellNamed(entry.name())) {
    return Error::invalid("needs letters, digits or ._-@+, at most 128", place + ".name");
  }
  if (!names.insert(entry.name()).second) {
    return Error::invalid("'" + entry.name() + "' stands here twice", place + ".name");
  }
  auto scopes = Scopes::parse({entry.scopes().begin(), entry.scopes().end()});
  if (!scopes) return Error::invalid(scopes.error().message, place + ".scopes");
  return Caller{entry.name(), std::move(scopes).value()};
}

bool holds(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

Result<AccessList> AccessList::read(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return Error::invalid("cannot be read; does it exist, and may this user read it?", path);
  }
  if ((status.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
    return Error::invalid("others may read or write it: chmod 600 " + path, path);
  }
  auto text = readFile(path, {.bytes = kMaxFileBytes});
  if (!text) return Error::invalid("cannot be read: " + text.error().message, path);
  return parse(*text, path);
}

Result<AccessList> AccessList::parse(std::string_view text, const std::string& path) {
  auto doc = schema::parseYamlOrJson(text, path);
  if (!doc) return doc.error();
  v1::Access file;
  if (!doc->is_null()) {
    if (Status decoded = schema::decodeStrict(*doc, file, ""); !decoded) {
      return Error::invalid(decoded.error().message, path + ": " + decoded.error().place);
    }
  }
  AccessList out;
  std::set<std::string> names, digests;
  for (int i = 0; i < file.tokens_size(); ++i) {
    const v1::Token& entry = file.tokens(i);
    const std::string place = fmt::format("{}: tokens[{}]", path, i);
    auto caller = callerOf(entry, names, place);
    if (!caller) return caller.error();
    std::string digest = fromHex(entry.sha256());
    if (digest.empty()) {
      return Error::invalid(
          "not a SHA-256 digest of 64 hexadecimal digits; `tollgate token new` "
          "prints the line to put here",
          place + ".sha256");
    }
    if (!digests.insert(digest).second) {
      return Error::invalid("another token has the same digest", place + ".sha256");
    }
    out.tokens_.push_back({std::move(caller).value(), std::move(digest)});
  }
  for (int i = 0; i < file.certificates_size(); ++i) {
    const v1::Certificate& entry = file.certificates(i);
    const std::string place = fmt::format("{}: certificates[{}]", path, i);
    auto caller = callerOf(entry, names, place);
    if (!caller) return caller.error();
    using Part = Certificate::Part;
    std::vector<std::pair<Part, std::string>> given;
    if (!entry.common_name().empty()) given.emplace_back(Part::kCommonName, entry.common_name());
    if (!entry.dns().empty()) given.emplace_back(Part::kDns, entry.dns());
    if (!entry.uri().empty()) given.emplace_back(Part::kUri, entry.uri());
    if (!entry.email().empty()) given.emplace_back(Part::kEmail, entry.email());
    if (given.size() != 1) {
      return Error::invalid("needs one of common_name, dns, uri and email", place);
    }
    out.certificates_.push_back({std::move(caller).value(), given[0].first, given[0].second});
  }
  return out;
}

const Caller* AccessList::byToken(std::string_view token) const {
  const crypto::Sha256 digest = crypto::sha256(token);
  const Caller* found = nullptr;
  for (const Token& each : tokens_) {
    if (crypto::equalInConstantTime(viewOf(digest), each.digest)) found = &each.caller;
  }
  return found;
}

bool AccessList::Certificate::fits(const net::PeerCertificate& certificate) const {
  switch (part) {
    case Part::kCommonName:
      return certificate.commonName == value;
    case Part::kDns:
      return holds(certificate.dnsNames, value);
    case Part::kUri:
      return holds(certificate.uris, value);
    case Part::kEmail:
      return holds(certificate.emails, value);
  }
  return false;
}

const Caller* AccessList::byCertificate(const net::PeerCertificate& certificate) const {
  for (const Certificate& each : certificates_) {
    if (each.fits(certificate)) return &each.caller;
  }
  return nullptr;
}

}  // namespace tollgate::filters::admin_auth
