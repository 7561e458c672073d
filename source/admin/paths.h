#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/admin/api.h"
#include "source/admin/reply.h"

namespace tollgate::admin {

struct Endpoint;

/// One request as an endpoint sees it.
struct Call {
  const Request& request;
  std::string_view query;
  std::vector<std::string> params;     ///< Of the path, percent-decoded, in order.
  std::vector<std::string> rawParams;  ///< The same as typed.
  Json body = Json::object();          ///< Decoded; only of POST, PUT and PATCH.
  bool isForm = false;                 ///< The values of `body` are strings still to be coerced.
  double now = 0;
  /// "PUT /services/a", without any secret: for the log, and the reason of a write that names none.
  std::string place = {};
  store::Reason reason = {};  ///< What a write hands to ApiContext::commit().
  /// Of `?wait=all`: how long the answer may be held back for the other nodes.
  std::optional<std::chrono::milliseconds> wait = std::nullopt;
  /// What whoever wrote should know, although it was written: each becomes a Warning.
  std::vector<std::string> warnings = {};
};

using Handler = std::function<Reply(Call&)>;

/// A path pattern ("/services/{services}") and what answers each method.
struct Endpoint {
  std::string pattern;
  std::vector<std::string> segments;
  std::map<std::string, Handler> methods;

  /// "GET, HEAD, OPTIONS, POST"
  std::string allow() const;
  /// The path of a call that matched, "***" for what may name an entity by a secret.
  std::string pathOf(const Call& call) const;
};

/// All endpoints. A literal segment wins over a parameter, from left to right.
class Paths {
 public:
  /// A pattern that is already there keeps the methods that are not given anew.
  void add(std::string pattern, std::map<std::string, Handler> methods);
  /// nullptr where nothing matches; one trailing slash is ignored. Fills params and rawParams.
  const Endpoint* match(std::string_view path, Call& call) const;
  /// Every pattern, sorted segment by segment.
  std::vector<std::string> patterns() const;

 private:
  std::vector<Endpoint> endpoints_;
};

/// Percent-decoding once, '+' as a space. False on a broken escape or a NUL.
bool decodeSegment(std::string_view text, std::string& out);
/// The reverse, for query values.
std::string encodeQuery(std::string_view text);

}  // namespace tollgate::admin
