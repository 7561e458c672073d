#include "source/http2/fields.h"

#include "source/http/field_list.h"
#include "source/http2/head_rules.h"

namespace tollgate::http2 {
namespace {

/// True for the names that the value of Connection lists.
bool namedBy(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    if (http::equalsIgnoreCase(http::nextElement(list), name)) return true;
  }
  return false;
}

}  // namespace

void addFields(FieldList& fields, const http::HeaderMap& headers, uint64_t left) {
  std::string_view connection = headers.get(http::HeaderCode::kConnection);
  headers.forEach([&](const http::Header& header) {
    if ((http::bitOf(header.code) & left) != 0) return;
    if (isConnectionField(header.code) || namedBy(connection, header.name())) return;
    if (!header.checked() && (!isToken(header.name()) || !isFieldValue(header.value()))) return;
    fields.push_back(fieldOf(header.name(), header.value()));
  });
}

}  // namespace tollgate::http2
