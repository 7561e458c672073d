#include "source/config/origin_certificates.h"

#include <algorithm>

#include "source/config/document.h"

namespace tollgate::config {

void OriginCertificates::Kind::put(const std::string& id, const Json& doc) {
  pairs[id] = {textOf(doc, "cert"), textOf(doc, "key")};
  owner_.changed_.insert(id);
}

void OriginCertificates::Kind::remove(const std::string& id) {
  if (pairs.erase(id) > 0) owner_.changed_.insert(id);
}

Json OriginCertificates::tlsPart(const Json& service) {
  Json out = Json::object();
  for (const char* field :
       {"tls_verify", "tls_verify_depth", "client_certificate", "ca_certificates"}) {
    auto found = service.find(field);
    if (found != service.end() && !found->is_null()) out[field] = *found;
  }
  return out;
}

bool OriginCertificates::refersTo(const Json& tlsPart, const std::set<std::string>& ids) {
  if (ids.empty()) return false;
  if (ids.contains(referenceOf(tlsPart, "client_certificate"))) return true;
  const auto authorities = listOf(tlsPart, "ca_certificates");
  return std::any_of(authorities.begin(), authorities.end(),
                     [&](const std::string& id) { return ids.contains(id); });
}

Json OriginCertificates::resolve(Json tlsPart) const {
  auto found = certificates_.pairs.find(referenceOf(tlsPart, "client_certificate"));
  if (found != certificates_.pairs.end()) {
    tlsPart["client_certificate"]["cert"] = found->second.first;
    tlsPart["client_certificate"]["key"] = found->second.second;
  } else {
    tlsPart.erase("client_certificate");
  }
  if (tlsPart.contains("ca_certificates")) {
    Json texts = Json::array();
    for (const std::string& id : listOf(tlsPart, "ca_certificates")) {
      auto authority = authorities_.pairs.find(id);
      texts.push_back(authority != authorities_.pairs.end() ? authority->second.first : "");
    }
    tlsPart["ca_certificates"] = std::move(texts);
  }
  return tlsPart;
}

}  // namespace tollgate::config
