#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/store/store.h"
#include "source/tls/certificate_table.h"

namespace tollgate::config {

/// The certificates, server names and certificate authorities of one revision: what listeners show
/// to clients, and what services need towards their upstreams. A certificate is parsed when it is
/// first needed, and again only when it changes. Control thread.
class CompiledCertificates {
 public:
  static bool concerns(std::string_view kind) {
    return kind == "certificates" || kind == "snis" || kind == "ca_certificates";
  }

  /// Puts an entity of these kinds in, or takes it out.
  void apply(const store::Change& change);
  /// Remembers a service that names a certificate or authorities; forgets it if it names none.
  void noteService(const std::string& id, const schema::Json& service);
  void forgetService(const std::string& id) { services_.erase(id); }
  /// The services to be compiled again after a change of these kinds.
  std::vector<schema::Json> servicesUsing(const store::Change& change) const;
  void clear();
  size_t entities() const { return certificates_.size() + names_.size() + authorities_.size(); }

  /// What listeners show by server name; nullptr where there is no name at all. The same object
  /// until something changes. Certificates that cannot serve are left out and named in `problems`.
  std::shared_ptr<const tls::CertificateTable> table(Problems& problems);

  /// The first pair of a certificate.
  std::optional<tls::KeyPair> pair(const std::string& certificateId) const;
  /// A certificate authority in PEM; nullptr where there is none.
  const std::string* authority(const std::string& id) const;

 private:
  using Certificate = std::shared_ptr<const tls::ServedCertificate>;
  Certificate served(const std::string& certificateId, Problems& problems);

  std::map<std::string, schema::Json> certificates_;  ///< By id.
  std::map<std::string, std::string> authorities_;    ///< PEM by id.
  struct Name {
    std::string name, certificateId;
  };
  std::map<std::string, Name> names_;  ///< By the id of the SNI.
  std::map<std::string, schema::Json> services_;
  /// Those that were needed, by id; nullptr: it cannot serve.
  std::map<std::string, Certificate> served_;
  std::shared_ptr<const tls::CertificateTable> table_;
  /// Tables that were replaced, until no handshake reads them: this thread takes them apart.
  std::vector<std::shared_ptr<const tls::CertificateTable>> retired_;
  bool changed_ = false;
};

}  // namespace tollgate::config
