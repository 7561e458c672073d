#pragma once

#include <string>
#include <thread>
#include <vector>

#include "source/base/result.h"
#include "source/server/listener_plan.h"
#include "source/server/prefix_folder.h"
#include "source/server/settings.h"

/// Which certificates the process shows to clients that name no server of its own.
namespace tollgate::server {

/// A setting that is PEM text, or the path of a file that holds it.
Result<std::string> pemOf(const std::string& setting);
/// The pair of two such settings, checked.
Result<tls::KeyPair> readPair(const std::string& certificate, const std::string& key);

/// ssl_cert and admin_ssl_cert with their keys, else the self-signed pairs of the prefix folder.
Result<DefaultCertificates> loadCertificates(const Settings& settings, const PrefixFolder& prefix);

/// Makes the self-signed RSA pairs that a new prefix folder lacks, on a thread of its own: one
/// takes longer than all of the rest of a start, and nearly every client takes the ECDSA pair.
class LateCertificates {
 public:
  LateCertificates() = default;
  LateCertificates(const LateCertificates&) = delete;
  ~LateCertificates();
  /// Begins; the chains of `plans` that serve with default certificates get the pairs as they come.
  void start(const PrefixFolder& prefix, const DefaultCertificates& certificates,
             const ListenerPlans& plans);

 private:
  std::thread thread_;
};

}  // namespace tollgate::server
