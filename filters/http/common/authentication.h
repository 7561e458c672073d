#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/http/filter.h"

namespace tollgate::filters {

/// What filters that tell who is asking have in common: a member of each. Immutable; any worker.
class Authentication {
 public:
  /// `anonymous`: id or name of the consumer as which those pass who do not prove who they are; ""
  /// where they are refused. `challenge`: the field WWW-Authenticate of refusals.
  Authentication(std::string anonymous, std::string challenge)
      : anonymous_(std::move(anonymous)), challenge_(std::move(challenge)) {}

  /// "Key", or "Key realm=\"r\"" with a realm.
  static std::string challengeOf(std::string_view scheme, std::string_view realm);

  /// With a fallback a filter is one of several ways in: whether another one has let the client in.
  bool alreadyIn(::tollgate::http::Exchange& exchange) const {
    return !anonymous_.empty() && !exchange.credentialId().empty();
  }

  /// The client is `consumer` and has proved it by a credential. The origin is told, with
  /// `identifier` as the credential's name; nothing that the client itself said of that is left.
  /// All texts live in the snapshot or in the exchange's arena.
  static void letIn(::tollgate::http::Exchange& exchange,
                    const ::tollgate::http::Consumer& consumer, std::string_view credentialId,
                    std::string_view identifier);

  /// Lets the client pass as the anonymous consumer, or answers 401 with the challenge.
  ::tollgate::http::Action refuse(::tollgate::http::Exchange& exchange,
                                  std::string_view message) const;

  /// Lets the client pass as the anonymous consumer (kContinue), or answers 500 where that one does
  /// not exist; nothing where none is configured.
  std::optional<::tollgate::http::Action> asAnonymous(::tollgate::http::Exchange& exchange) const;

 private:
  std::string anonymous_;
  std::string challenge_;
};

}  // namespace tollgate::filters
