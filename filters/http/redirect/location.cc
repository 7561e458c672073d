#include "filters/http/redirect/location.h"

#include "source/base/ascii.h"
#include "source/base/percent.h"

namespace tollgate::filters::redirect {
namespace {

std::string lowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lowerByte(c);
  return out;
}

std::string_view usualPort(std::string_view scheme) {
  if (scheme == "http") return ":80";
  return scheme == "https" ? ":443" : "";
}

/// What stands as it is in a path: not controls, blanks, what is not ASCII, nor some marks.
bool stands(char c) {
  return c > 0x20 && c < 0x7f &&
         std::string_view("\"#<>?`{}^|\\").find(c) == std::string_view::npos;
}

}  // namespace

Location::Location(std::string_view url) {
  const size_t hash = url.find('#');
  if (hash != std::string_view::npos) {
    fragment_ = url.substr(hash);
    url = url.substr(0, hash);
  }
  const size_t slashes = url.find("//");
  if (slashes == std::string_view::npos) {
    origin_ = url.substr(0, url.find_first_of("/?"));
    return;
  }
  const std::string scheme = lowerCase(url.substr(0, slashes));
  std::string_view authority = url.substr(slashes + 2);
  authority = authority.substr(0, authority.find_first_of("/?"));
  const size_t at = authority.rfind('@');
  const std::string_view user =
      at == std::string_view::npos ? std::string_view() : authority.substr(0, at + 1);
  std::string host = lowerCase(authority.substr(user.size()));
  const std::string_view port = usualPort(scheme.substr(0, scheme.size() - (slashes > 0)));
  if (!port.empty() && host.ends_with(port)) host.resize(host.size() - port.size());
  origin_ = scheme + "//" + std::string(user) + host;
}

std::string_view Location::with(std::string_view path, std::string_view query, Arena& arena) const {
  const std::string_view whole = encodedPercent(path, stands, arena);
  return arena.concat(origin_, whole, query.empty() ? "" : "?", query, fragment_);
}

}  // namespace tollgate::filters::redirect
