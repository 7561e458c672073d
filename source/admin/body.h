#pragma once

#include "source/admin/paths.h"
#include "source/admin/reply.h"

/// From bytes to documents.
namespace tollgate::admin {

/// The Content-Type gate and the decoding of a POST, PUT or PATCH into `call.body`. Where YAML is
/// taken it becomes the member "config", undecoded.
Stop decodeBody(Call& call, bool takesYaml = false);

/// The first header of that name (in lower case); nullptr where there is none.
const std::string* findHeader(const Request& request, std::string_view name);
/// The value of a query parameter as a string: the first where it stands more than once; nothing
/// where it does not stand at all.
std::optional<std::string> queryValue(std::string_view query, std::string_view name);
/// How many parameters there are.
size_t queryCount(std::string_view query);

}  // namespace tollgate::admin
