#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/store/store.h"
#include "source/tls/certificate_table.h"

namespace tollgate::config {

/// What TLS listeners show to clients: the certificates and server names of one revision. (What is
/// shown to origins: OriginCertificates.) A certificate is parsed when it is first needed, and
/// again only when it changes. Control thread.
class ServedCertificates {
 public:
  static bool concerns(std::string_view kind) { return kind == "certificates" || kind == "snis"; }

  /// Puts an entity of these kinds in, or takes it out.
  void apply(const store::Change& change);

  /// What listeners show by server name; nullptr where there is no name at all. The same object
  /// until something changes. Certificates that cannot serve are left out and named in `problems`.
  std::shared_ptr<const tls::CertificateTable> table(Problems& problems);

 private:
  using Certificate = std::shared_ptr<const tls::ServedCertificate>;
  Certificate served(const std::string& certificateId, Problems& problems);

  std::map<std::string, Json> certificates_;  ///< By id.
  struct Name {
    std::string name, certificateId;
  };
  std::map<std::string, Name> names_;  ///< By the id of the SNI.
  /// Those that were needed, by id; nullptr: it cannot serve.
  std::map<std::string, Certificate> served_;
  std::shared_ptr<const tls::CertificateTable> table_;
  /// Tables that were replaced, until no handshake reads them: this thread takes them apart.
  std::vector<std::shared_ptr<const tls::CertificateTable>> retired_;
  bool changed_ = false;
};

}  // namespace tollgate::config
