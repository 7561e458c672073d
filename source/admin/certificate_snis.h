#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/admin/context.h"
#include "source/admin/entity_access.h"
#include "source/admin/paths.h"
#include "source/admin/reply.h"

namespace tollgate::admin {

/// The server names of a certificate. They are entities of their own (`snis`); the bodies and the
/// answers of certificates also list them, and both change in one revision. One object serves one
/// write. Control thread only.
class CertificateSnis {
 public:
  explicit CertificateSnis(ApiContext& context) : context_(context) {}

  /// Takes `snis` out of the body of a certificate (nothing to do for another kind). An error where
  /// they are no names, occur twice or belong to another certificate than `certificateId` ("": a
  /// new one).
  Stop take(const schema::EntitySchema& schema, Call& call, const std::string& certificateId);
  /// Adds the changes that give the certificate the names that were taken. Where none were sent it
  /// keeps those it has, or loses them if `replace`.
  Stop plan(const std::string& certificateId, bool replace, double now,
            std::vector<store::Change>& changes);
  /// Adds `snis`, sorted, to a printed certificate.
  Stop print(Json& certificate);

 private:
  Stop readNames(Json names);
  Stop owned(const std::string& certificateId, std::vector<Json>& snis);

  ApiContext& context_;
  bool concerned_ = false;
  std::optional<std::vector<std::string>> names_;
};

/// The names of a text "a.test,b.test", as a list.
Json serverNamesOf(std::string_view text);

/// The key of the certificate of a server name; 404 where nobody has that name.
Stop readCertificateKey(ApiContext& context, const std::string& serverName, EntityKey& key);

}  // namespace tollgate::admin
