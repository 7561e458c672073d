#include "source/http/directory.h"

namespace tollgate::http {
namespace {

std::vector<CredentialKinds::Entry>& kinds() {
  static auto& all = *new std::vector<CredentialKinds::Entry>;
  return all;
}

}  // namespace

void CredentialKinds::add(std::string_view name, Read read) {
  if (numberOf(name) == kNone) kinds().push_back({std::string(name), read});
}

const std::vector<CredentialKinds::Entry>& CredentialKinds::all() { return kinds(); }

size_t CredentialKinds::numberOf(std::string_view name) {
  for (size_t i = 0; i < kinds().size(); ++i) {
    if (kinds()[i].name == name) return i;
  }
  return kNone;
}

}  // namespace tollgate::http
