#include "source/config/compiled_certificates.h"

#include <algorithm>

#include "source/config/document.h"

namespace tollgate::config {
namespace {

using schema::Json;

bool names(const Json& service, const std::string& authorityId) {
  auto ids = service.find("ca_certificates");
  return ids != service.end() && ids->is_array() &&
         std::find(ids->begin(), ids->end(), authorityId) != ids->end();
}

std::vector<tls::KeyPair> pairsOf(const Json& doc) {
  std::vector<tls::KeyPair> pairs = {{textOf(doc, "cert"), textOf(doc, "key")}};
  const std::string other = textOf(doc, "cert_alt");
  if (!other.empty()) pairs.push_back({other, textOf(doc, "key_alt")});
  return pairs;
}

}  // namespace

void CompiledCertificates::apply(const store::Change& change) {
  const bool gone = change.op == store::Change::Op::kDelete;
  const std::string& id = change.id;
  if (change.kind == "ca_certificates") {
    authorities_.erase(id);
    if (!gone) authorities_[id] = textOf(change.doc, "cert");
    return;
  }
  changed_ = true;
  if (change.kind == "snis") {
    names_.erase(id);
    if (!gone) names_[id] = {textOf(change.doc, "name"), referenceOf(change.doc, "certificate")};
    return;
  }
  certificates_.erase(id);
  served_.erase(id);
  if (!gone) certificates_[id] = change.doc;
}

void CompiledCertificates::noteService(const std::string& id, const Json& service) {
  auto authorities = service.find("ca_certificates");
  const bool concerned =
      !referenceOf(service, "client_certificate").empty() ||
      (authorities != service.end() && authorities->is_array() && !authorities->empty());
  if (concerned) {
    services_[id] = service;
  } else {
    services_.erase(id);
  }
}

std::vector<Json> CompiledCertificates::servicesUsing(const store::Change& change) const {
  std::vector<Json> out;
  for (const auto& [id, service] : services_) {
    const bool uses = change.kind == "certificates"
                          ? referenceOf(service, "client_certificate") == change.id
                          : change.kind == "ca_certificates" && names(service, change.id);
    if (uses) out.push_back(service);
  }
  return out;
}

void CompiledCertificates::clear() {
  certificates_.clear();
  authorities_.clear();
  names_.clear();
  services_.clear();
  served_.clear();
  changed_ = true;
}

std::shared_ptr<const tls::CertificateTable> CompiledCertificates::table(Problems& problems) {
  std::erase_if(retired_, [](const auto& table) { return table.use_count() == 1; });
  if (!changed_) return table_;
  changed_ = false;
  auto fresh = std::make_shared<tls::CertificateTable>();
  for (const auto& [id, name] : names_) {
    if (Certificate certificate = served(name.certificateId, problems)) {
      fresh->add(name.name, std::move(certificate));
    }
  }
  if (table_ != nullptr) retired_.push_back(std::move(table_));
  table_ = fresh->empty() ? nullptr : std::move(fresh);
  return table_;
}

CompiledCertificates::Certificate CompiledCertificates::served(const std::string& certificateId,
                                                               Problems& problems) {
  if (auto known = served_.find(certificateId); known != served_.end()) return known->second;
  auto doc = certificates_.find(certificateId);
  if (doc == certificates_.end()) return nullptr;
  problems.clear(certificateId);
  auto made = tls::ServedCertificate::create(pairsOf(doc->second));
  Certificate& kept = served_[certificateId];
  if (made) {
    kept = std::move(made).value();
  } else {
    problems.add(certificateId,
                 Error::invalid(made.error().message, "certificate " + certificateId));
  }
  return kept;
}

std::optional<tls::KeyPair> CompiledCertificates::pair(const std::string& certificateId) const {
  auto doc = certificates_.find(certificateId);
  if (doc == certificates_.end()) return std::nullopt;
  return pairsOf(doc->second).front();
}

const std::string* CompiledCertificates::authority(const std::string& id) const {
  auto found = authorities_.find(id);
  return found == authorities_.end() ? nullptr : &found->second;
}

}  // namespace tollgate::config
