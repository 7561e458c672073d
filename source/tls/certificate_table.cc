#include "source/tls/certificate_table.h"

#include <algorithm>

namespace tollgate::tls {

void CertificateTable::add(std::string_view name,
                           std::shared_ptr<const ServedCertificate> certificate) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  names_.emplace(std::move(lower), std::move(certificate));
}

const ServedCertificate* CertificateTable::find(std::string_view name) const {
  if (names_.empty() || name.empty() || name.size() > 255) return nullptr;
  auto found = names_.find(name);
  const size_t firstDot = name.find('.'), lastDot = name.rfind('.');
  char wild[257];
  if (found == names_.end() && firstDot != std::string_view::npos && firstDot != lastDot) {
    wild[0] = '*';
    const size_t length = name.copy(wild + 1, std::string_view::npos, firstDot);
    found = names_.find(std::string_view(wild, length + 1));
  }
  if (found == names_.end() && lastDot != std::string_view::npos) {
    const size_t length = name.copy(wild, lastDot + 1);
    wild[length] = '*';
    found = names_.find(std::string_view(wild, length + 1));
  }
  if (found == names_.end()) found = names_.find(std::string_view("*"));
  return found == names_.end() ? nullptr : found->second.get();
}

}  // namespace tollgate::tls
