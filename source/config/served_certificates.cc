#include "source/config/served_certificates.h"

#include <algorithm>

#include "source/config/document.h"

namespace tollgate::config {
namespace {

std::vector<tls::KeyPair> pairsOf(const Json& doc) {
  std::vector<tls::KeyPair> pairs = {{textOf(doc, "cert"), textOf(doc, "key")}};
  const std::string other = textOf(doc, "cert_alt");
  if (!other.empty()) pairs.push_back({other, textOf(doc, "key_alt")});
  return pairs;
}

}  // namespace

void ServedCertificates::apply(const store::Change& change) {
  const bool gone = change.op == store::Change::Op::kDelete;
  const std::string& id = change.id;
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

std::shared_ptr<const tls::CertificateTable> ServedCertificates::table(Problems& problems) {
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

ServedCertificates::Certificate ServedCertificates::served(const std::string& certificateId,
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

}  // namespace tollgate::config
